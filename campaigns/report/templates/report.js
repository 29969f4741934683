'use strict';
// Draws figures to fit, and sorts tables, wherever sections of a report are shown; they can be read without it.
const Eutectic = (() => {
const NARROW = 640, LETTER = 7.2;
function wrapped(text, room) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last && last.length + word.length + 1 > room / LETTER) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.join('<br>');
}
const SHARE = 0.34;
function lines(text, most) {
  const made = [''];
  for (const word of text.split(/(?<=[ _])/)) {
    if (made[made.length - 1] && made[made.length - 1].length + word.length > most) made.push(word);
    else made[made.length - 1] += word;
  }
  return made.map((line) => line.trim()).join('<br>');
}
function widest(names) {
  return Math.max(0, ...names.flatMap((name) => String(name).split('<br>')).map((line) => line.length));
}
// Long names beside a figure are broken into lines where there is little room.
function broken(data, layout, width) {
  const most = Math.max(10, Math.floor(SHARE * width / (LETTER * 0.8)));
  const short = (names) => names.map((name) => typeof name === 'string' ? lines(name, most) : name);
  for (const name of Object.keys(layout).filter((key) => key.startsWith('yaxis'))) {
    const axis = layout[name];
    if (axis.ticktext && widest(axis.ticktext) > most) layout[name] = {...axis, ticktext: short(axis.ticktext)};
    if (axis.ticktext || axis.type === 'category') {
      layout[name] = {...layout[name], tickfont: {size: 10.5}};
    }
  }
  const made = data.map((trace) => trace.y && widest(trace.y.filter((y) => typeof y === 'string')) > most ?
    {...trace, y: short(trace.y)} : trace);
  const named = (layout.yaxis && layout.yaxis.ticktext) ||
    [...new Set(made.flatMap((trace) => trace.y || []).filter((y) => typeof y === 'string'))];
  const tall = Math.max(1, ...named.map((name) => name.split('<br>').length));
  if (tall > 1) layout.height = Math.max(layout.height, 130 + named.length * (6 + 13 * tall));
  return made;
}
function fitted(figure, width) {
  const layout = {...figure.layout, uirevision: 'kept'};
  const narrow = width < NARROW, axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
  let columns = layout.grid ? layout.grid.columns : 1, rows = layout.grid ? layout.grid.rows : 1;
  if (layout.width > width) delete layout.width;
  if (narrow && columns > 1) {
    const panels = axes.filter((name) => name[0] === 'x').length;
    layout.height = 100 + panels * Math.max(figure.least || 300, (layout.height - 90) / rows);
    [rows, columns] = [panels, 1];
    layout.grid = {...layout.grid, rows, columns, ygap: 0.32};
  } else if (narrow) layout.height = Math.min(layout.height, 460);
  const across = (layout.width || width) / columns - (narrow ? 80 : 110), down = layout.height / rows - 110;
  for (const name of axes) {
    const axis = layout[name];
    if (!axis.title || !axis.title.text) continue;
    const title = {...axis.title, text: wrapped(axis.title.text, name[0] === 'x' ? across : down)};
    layout[name] = {...axis, title, ...(narrow ? {nticks: 6} : {})};
  }
  if (narrow) {
    layout.margin = {...layout.margin, l: 48, r: 10};
    layout.font = {...layout.font, size: 12};
  }
  const traces = narrow ? broken(figure.data, layout, width) : figure.data;
  const data = traces.map((trace) => suited(trace, narrow, across, layout));
  return {data, layout};
}
function suited(trace, narrow, across, layout) {
  if (trace.type === 'heatmap' && trace.texttemplate) {
    const longest = Math.max(0, ...trace.text.flat().map((text) => text.length));
    const margin = widest(trace.y) * LETTER * 0.9;
    if (longest * 6.4 > (across + 60 - margin) / trace.x.length) return {...trace, texttemplate: ''};
  }
  if (narrow && trace.marker && trace.marker.colorbar) {
    const y = -(layout.grid ? 70 : 98) / (layout.height - 100);
    const bar = {...trace.marker.colorbar, orientation: 'h', x: 0.5, y, yanchor: 'top', len: 0.9, thickness: 9};
    return {...trace, marker: {...trace.marker, colorbar: {...bar, title: {...bar.title, side: 'top'}}}};
  }
  return trace;
}
function scaled(place) {
  for (const layer of place.querySelectorAll('svg.main-svg')) {
    layer.setAttribute('viewBox', `0 0 ${layer.getAttribute('width')} ${layer.getAttribute('height')}`);
  }
}
function viewed(place, views) {
  const row = document.createElement('div');
  row.className = 'views';
  for (const [k, view] of views.entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = view.name;
    button.setAttribute('aria-pressed', k === 0);
    button.addEventListener('click', () => {
      for (const other of row.children) other.setAttribute('aria-pressed', other === button);
      Plotly.relayout(place, view.layout);
    });
    row.append(button);
  }
  place.before(row);
}
function taken(place) {
  const row = document.createElement('p');
  row.className = 'take';
  for (const format of ['svg', 'png']) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = format.toUpperCase();
    button.setAttribute('aria-label', `Save this figure as ${button.textContent}`);
    button.addEventListener('click', () => {
      const layout = {...place.layout, paper_bgcolor: '#ffffff', plot_bgcolor: '#ffffff'};
      const {clientWidth: width, clientHeight: height} = place;
      Plotly.downloadImage({data: place.data, layout}, {format, width, height, scale: 3, filename: place.id});
    });
    row.append(button);
  }
  place.after(row);
}
let figures = [];
async function draw() {
  figures = figures.filter((one) => one.place.isConnected);
  for (const one of figures) {
    const width = one.place.clientWidth;
    if (!width || width === one.width) continue;
    const first = !one.width, {data, layout} = fitted(one.figure, width);
    one.width = width;
    await Plotly.react(one.place, data, layout, {
      displaylogo: false, modeBarButtons: [['zoom2d', 'pan2d', 'resetScale2d']]
    });
    if (first) {
      one.place.on('plotly_afterplot', () => scaled(one.place));
      if (one.figure.views) viewed(one.place, one.figure.views);
      taken(one.place);
    }
    scaled(one.place);
  }
}
let soon = 0;
addEventListener('resize', () => { clearTimeout(soon); soon = setTimeout(draw, 150); });

const UNITS = {s: 1, min: 60, h: 3600, d: 86400};
function worth(cell) {
  const text = cell.textContent.trim().replace(/^[#≤≥<>]\s*/, '');
  const number = parseFloat(text);
  if (!/^[-+]?[.\d]/.test(text) || Number.isNaN(number)) return text;
  const unit = /^\S+ (s|min|h|d)$/.exec(text);
  return unit ? number * UNITS[unit[1]] : number;
}
function compared(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a.localeCompare(b, undefined, {numeric: true});
}
function sortable(table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  if (body.rows.length < 2 || heads.every((head) => !head.textContent)) return;
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    if (!button.textContent) {
      const first = body.rows[0].cells[column];
      if (!first.textContent || first.querySelector('button,svg')) return;
      button.textContent = /^#?\d/.test(first.textContent) ? '#' : 'Name';
    }
    head.append(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const empty = (cell) => ['', '–'].includes(cell.textContent.trim());
      const order = (one, two) => empty(one.cells[column]) - empty(two.cells[column]) ||
        (down ? -1 : 1) * compared(worth(one.cells[column]), worth(two.cells[column]));
      body.append(...[...body.rows].sort(order));
    });
  });
}

// What is new under an element: its figures are drawn, its tables can be sorted.
function show(root) {
  for (const source of root.querySelectorAll('script[data-chart]')) {
    const place = document.getElementById(source.dataset.chart);
    figures.push({place, figure: JSON.parse(source.textContent), width: 0});
  }
  root.querySelectorAll('section table').forEach(sortable);
  return draw();
}
return {show};
})();
if (!document.body.dataset.sections) Eutectic.show(document);
