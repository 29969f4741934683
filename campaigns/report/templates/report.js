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
    if (made[made.length - 1] && made[made.length - 1].length + word.trim().length > most) made.push(word);
    else made[made.length - 1] += word;
  }
  return made.map((line) => line.trim()).join('<br>');
}
const rowsOf = (text) => String(text).split('<br>').length;
function widest(names) {
  return Math.max(0, ...names.flatMap((name) => String(name).split('<br>')).map((line) => line.length));
}
// Names that stand beside a figure: those of its axis, else of the trace that has most.
function beside(data, layout) {
  if (layout.yaxis && layout.yaxis.ticktext) return layout.yaxis.ticktext;
  const each = data.map((trace) => [...new Set((trace.y || []).filter((y) => typeof y === 'string'))]);
  return each.reduce((most, names) => names.length > most.length ? names : most, []);
}
const SMALL = 10.5, ROOM = 54;
// Long names beside a figure are broken into lines where there is little room.
function broken(data, layout, width) {
  const most = Math.max(10, Math.floor(SHARE * width / (SMALL * 0.55)));
  const short = (names) => names.map((name) => typeof name === 'string' ? lines(name, most) : name);
  for (const name of Object.keys(layout).filter((key) => key.startsWith('yaxis'))) {
    const axis = layout[name];
    if (axis.ticktext) layout[name] = {...axis, ticktext: short(axis.ticktext)};
    if (axis.ticktext || axis.type === 'category') layout[name] = {...layout[name], tickfont: {size: SMALL}};
  }
  return data.map((trace) => trace.y && widest(trace.y.filter((y) => typeof y === 'string')) > most ?
    {...trace, y: short(trace.y)} : trace);
}
// Beside the bars of a waterfall there is room for what is written there.
function roomier(layout, across) {
  const wide = ([low, high]) => [low - ROOM * (high - low) / across, high + ROOM * (high - low) / across];
  layout.xaxis = {...layout.xaxis, range: wide(layout.xaxis.range)};
  layout.updatemenus = (layout.updatemenus || []).map((menu) => ({...menu, buttons: menu.buttons.map((button) => {
    const [traces, axes] = button.args;
    return {...button, args: [traces, {...axes, 'xaxis.range': wide(axes['xaxis.range'])}]};
  })}));
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
  const traces = narrow ? broken(figure.data, layout, width) : figure.data;
  const names = beside(traces, layout), written = Math.max(0, widest(names) * SMALL * 0.55 - 40) * (narrow ? 1 : 1.3);
  const across = (layout.width || width) / columns - (narrow ? 80 : 110), down = layout.height / rows - 110;
  let below = 1;
  for (const name of axes) {
    const axis = layout[name];
    if (!axis.title || !axis.title.text) continue;
    const title = {...axis.title, text: wrapped(axis.title.text, name[0] === 'x' ? across - written : down)};
    if (name[0] === 'x') below = Math.max(below, rowsOf(title.text));
    layout[name] = {...axis, title, ...(narrow ? {nticks: across - written < 240 ? 4 : 6} : {})};
  }
  if (narrow) {
    const bar = traces.some((trace) => trace.marker && trace.marker.colorbar);
    layout.margin = {...layout.margin, l: 48, r: 10, b: 44 + 17 * below + (bar ? 48 : 0)};
    layout.font = {...layout.font, size: 12};
    const tall = Math.max(1, ...names.map(rowsOf)), row = 10 + 14 * tall;
    if (names.length) layout.height = Math.max(layout.height, layout.margin.t + layout.margin.b + names.length * row);
  }
  if (traces.some((trace) => trace.type === 'waterfall')) roomier(layout, Math.max(90, across - written - 2 * ROOM));
  const data = traces.map((trace) => suited(trace, narrow, across - written, layout));
  return {data, layout};
}
function suited(trace, narrow, across, layout) {
  if (trace.type === 'heatmap' && trace.texttemplate) {
    const longest = Math.max(0, ...trace.text.flat().map((text) => text.length));
    if (longest * 6.4 + 8 > across / trace.x.length) return {...trace, texttemplate: ''};
  }
  if (narrow && trace.marker && trace.marker.colorbar) {
    const {t, b} = layout.margin, y = -(b - 48) / (layout.height - t - b);
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
      const {width = place.clientWidth, height} = place.layout, white = '#ffffff';
      const layout = {...place.layout, paper_bgcolor: white, plot_bgcolor: white, updatemenus: []};
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
