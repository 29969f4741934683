'use strict';
// The pages of the service: sections that are fetched again when something happened (report.js draws them), forms.

const shown = new Map();

async function refresh() {
  const answer = await fetch(document.body.dataset.sections);
  if (!answer.ok) { say(`The page is not up to date: ${answer.status} ${answer.statusText}`, true); return; }
  const content = await answer.json();
  for (const [name, section] of Object.entries(content.sections)) {
    const place = document.getElementById(`live-${name}`);
    if (!place || shown.get(name) === section.tag) continue;
    place.innerHTML = section.html;
    shown.set(name, section.tag);
    Eutectic.show(place);
  }
}

function say(text, bad) {
  const place = document.getElementById('said');
  if (!place) return;
  place.textContent = text;
  place.className = bad ? 'said bad' : 'said';
}

async function send(method, path, body) {
  const answer = await fetch(path, {
    method, headers: {'content-type': 'application/json', 'idempotency-key': crypto.randomUUID ? crypto.randomUUID() :
      String(Math.random()).slice(2)}, body: body === undefined ? undefined : JSON.stringify(body)});
  const content = await answer.json();
  if (!answer.ok) throw new Error((content.errors || []).map((e) => e.message).join('; ') || content.detail);
  return content;
}

async function keep(id, files, said) {
  const place = `${document.body.dataset.api}/observations/${encodeURIComponent(id)}/files`;
  let content = said;
  for (const file of files) {
    const answer = await fetch(`${place}/${encodeURIComponent(file.name)}`, {method: 'PUT', body: file});
    const before = said ? `#${said.number} is ${said.status}, but ` : '';
    content = await answer.json();
    if (!answer.ok) throw new Error(`${before}'${file.name}' is not kept: ${content.detail}`);
  }
  return content;
}

function chosen(input) {
  const files = [...input.files], large = files.find((file) => file.size > Number(input.dataset.most));
  if (large) throw new Error(`'${large.name}' has ${large.size} bytes; at most ${input.dataset.most} are kept`);
  return files;
}

function filled(body) {
  return body.failed !== undefined || Object.keys(body.values).length > 0 || Boolean(body.note);
}

function entered(form) {
  const data = new FormData(form);
  const text = (name) => (data.get(name) || '').toString().trim();
  const kind = text('kind');
  const body = {id: text('id'), by: text('by')};
  if (kind === 'failed' || kind === 'infrastructure') {
    return {...body, failed: text('note'), infrastructure: kind === 'infrastructure'};
  }
  body.values = {}; body.errors = {};
  for (const [name, value] of data.entries()) {
    const [what, property] = name.split(/:(.*)/s);
    if (property === undefined || value.toString().trim() === '') continue;
    const number = Number(value.toString().replace(',', '.'));
    if (!Number.isFinite(number)) throw new Error(`${property}: '${value}' is not a number`);
    body[what][property] = number;
  }
  if (kind === 'repeat') body.repeat = true;
  if (kind === 'correct') { body.correct = true; body.why = text('note'); } else { body.note = text('note'); }
  return body;
}

function listen() {
  const take = document.getElementById('take');
  if (take) take.addEventListener('submit', async (event) => {
    event.preventDefault();
    const data = new FormData(take), holder = data.get('holder').toString().trim();
    try {
      say('Asking …');
      const body = {n: Number(data.get('n')), ...(holder ? {holder} : {})};
      const content = await send('POST', `${document.body.dataset.api}/suggestions`, body);
      const ids = content.suggestions.map((s) => `#${s.number}`).join(', ');
      say(ids ? `Yours: ${ids}. ${content.why_fewer}` : content.why_fewer || 'Nothing to hand out.');
      await refresh();
    } catch (error) { say(error.message, true); }
  });
  const tell = document.getElementById('tell');
  if (tell) tell.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const files = chosen(tell.elements.files), body = entered(tell);
      const alone = files.length > 0 && !filled(body);
      const said = alone ? null : await send('POST', `${document.body.dataset.api}/observations`, body);
      const content = await keep(body.id, files, said);
      const kept = files.length ? `; kept: ${files.map((file) => file.name).join(', ')}` : '';
      say(`#${content.number} is ${content.status}${kept}.`);
      tell.reset();
      await refresh();
    } catch (error) { say(error.message, true); }
  });
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-do]');
    if (!button) return;
    try {
      if (button.dataset.do === 'tell') {
        document.getElementById('tell-id').value = button.dataset.id;
        document.getElementById('tell-id').scrollIntoView({block: 'center'});
        document.querySelector('#tell input[name^="values:"]').focus();
      } else if (button.dataset.do === 'return') {
        await send('DELETE', `${document.body.dataset.api}/suggestions/${encodeURIComponent(button.dataset.id)}`);
        say('Given back.');
        await refresh();
      } else {
        const content = await send('POST', `${document.body.dataset.api}/state`, {do: button.dataset.do});
        say(content.text || content.process || content.state);
        await refresh();
      }
    } catch (error) { say(error.message, true); }
  });
}

function follow() {
  let timer = null;
  const source = new EventSource(`${document.body.dataset.api}/events?since=${document.body.dataset.seq}`);
  const soon = () => { if (timer === null) timer = setTimeout(() => { timer = null; refresh(); }, 700); };
  for (const kind of document.body.dataset.kinds.split(' ')) source.addEventListener(kind, soon);
  addEventListener('pagehide', () => source.close());
}

if (document.body.dataset.sections) {
  listen();
  refresh().then(follow);
}
