// What `tools/ui_checks.py` asks of an open page: one object, handed in through the debugger.
({
  cut: () => [...document.querySelectorAll('body *')].filter((one) => {
    const style = getComputedStyle(one);
    const hides = style.overflowX === 'hidden' || style.overflowY === 'hidden';
    // What is there for readers alone is clipped on purpose.
    return hides && one.textContent.trim() && !one.closest('svg, canvas') && style.clipPath === 'none' && style.clip === 'auto'
      && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
  }).map((one) => one.outerHTML.slice(0, 100)),
  moves: () => document.getAnimations().filter((one) => one.playState === 'running').length,
  vanished: () => [...document.querySelectorAll('button, a.button, input, select')].filter((one) => {
    if (!one.checkVisibility() || one.type === 'hidden') return false;
    const style = getComputedStyle(one);
    // The browser draws its own ticks and sliders in the reader's colours.
    if (/^(checkbox|radio|range)$/.test(one.type) && style.appearance !== 'none') return false;
    return parseFloat(style.borderTopWidth) === 0 && !one.textContent.trim() && !one.querySelector('svg');
  }).map((one) => one.outerHTML.slice(0, 100)),
  // `outline: none` leaves a width behind in the computed style, and a ring without colour is none either.
  stop: () => {
    const one = document.activeElement;
    if (one === document.body) return null;
    one.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length + 1);
    // A link that breaks into two lines has nothing of its own in the middle of both.
    const style = getComputedStyle(one), box = one.getClientRects()[0] ?? one.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return {
      name: one.dataset.stop,
      html: one.outerHTML.slice(0, 100),
      seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
        && !/^rgba\(.*, 0\)$|transparent|\/ 0\)$/.test(style.outlineColor),
      covered: top === null || (!one.contains(top) && !top.closest('label')?.contains(one)),
    };
  },
  // What Tab should have come by.
  unreached: () => [...document.querySelectorAll(
    'a[href], button, input:not([type=radio]), select, textarea, summary')].filter((one) =>
    one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== 'hidden' && one.tabIndex >= 0
      && !one.dataset.stop && !one.closest('[inert]')).map((one) => one.outerHTML.slice(0, 100)),
  // What is marked as wrong says in words why.
  unexplained: () => [...document.querySelectorAll('[aria-invalid=true]')].filter((one) =>
    !(one.getAttribute('aria-describedby') ?? '').split(/\s+/).some((id) => document.getElementById(id)?.textContent.trim()))
    .map((one) => one.outerHTML.slice(0, 100)),
  // A link within a sentence is as high as its line; whatever stands alone is not.
  smallTargets: () => [...document.querySelectorAll(
    'button, summary, select, input, a.button, nav a')].filter((one) => {
    if (!one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type === 'hidden' || one.closest('.unseen')) return false;
    const box = one.getBoundingClientRect();
    return box.width > 1 && (box.width < 24 || box.height < 24);
  }).map((one) => one.outerHTML.slice(0, 100)),
  // A chart and the table beside it hold the same numbers: what is drawn lies on one straight scale of one column.
  unequalTwins: () => [...document.querySelectorAll('figure')].flatMap((figure) => {
    const chart = figure.querySelector('svg.chart');
    if (!chart) return [];
    const name = chart.getAttribute('aria-label');
    const twin = figure.querySelector('.twin') ?? figure.closest('section')?.querySelector('.twin');
    const rows = [...(twin?.querySelectorAll('tbody tr') ?? [])];
    if (!rows.length) return [`${name}: no table`];
    const number = (cell) => parseFloat((cell?.textContent ?? '').replace(/[,%\s]/g, ''));
    const width = Math.max(...rows.map((row) => row.cells.length));
    const columns = [...Array(width).keys()].slice(1).map((n) => rows.map((row) => number(row.cells[n])).filter((one) => !isNaN(one)));
    const fits = (drawn, told) => {
      if (drawn.length !== told.length) return false;
      const low = told.indexOf(Math.min(...told)), high = told.indexOf(Math.max(...told));
      if (told[low] === told[high]) return Math.max(...drawn) - Math.min(...drawn) <= 4;
      const scale = (drawn[high] - drawn[low]) / (told[high] - told[low]);
      const decimals = Math.max(...told.map((one) => (String(one).split('.')[1] ?? '').length));
      const slack = 1.5 + 2 * Math.abs(scale) * 10 ** -decimals;
      return scale < 0 && told.every((one, n) => Math.abs(drawn[low] + scale * (one - told[low]) - drawn[n]) <= slack);
    };
    const ys = (lines) => lines.flatMap((line) => line.getAttribute('points').trim().split(/\s+/).map((one) => Number(one.split(',')[1])));
    const series = [...chart.querySelectorAll('polyline.series')];
    const drawn = [['series', ys(series)], ...[...chart.querySelectorAll('polyline.bound')].map((one) => ['bound', ys([one])])];
    return drawn.filter(([, line]) => line.length && !columns.some((told) => fits(line, told) || fits(line, told.toReversed())))
      .map(([kind, line]) => `${name}: ${kind} of ${line.length} points is no column of its table of ${rows.length} rows`);
  }),
  // Words are longer in other languages: by two fifths here, numbers and names with digits as they are.
  lengthen: () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const words = [];
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      if (text.length > 2 && !/\d/.test(text) && !walker.currentNode.parentElement.closest('script, style, svg')) words.push(walker.currentNode);
    }
    for (const node of words) node.data += ' ' + node.data.trim().slice(0, Math.ceil(node.data.trim().length * 0.4));
  },
  refusesPaste: () => [...document.querySelectorAll('input[type=password], input[autocomplete=one-time-code]')]
    .filter((one) => !one.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true })))
    .map((one) => one.outerHTML.slice(0, 100)),
  // The other way round cannot be told: serials, models and commands are Latin on Korean pages too.
  unmarkedKorean: () => {
    if (document.documentElement.lang === 'ko') return [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
      const home = walker.currentNode.parentElement;
      if (/[\uac00-\ud7a3]/.test(walker.currentNode.data) && !home.matches('script, style') && home.closest('[lang]').lang !== 'ko') {
        found.push(walker.currentNode.data.trim().slice(0, 60));
      }
    }
    return found;
  },
  // axe passes over what is disabled, and over drawings.
  faint: () => {
    const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
    const parts = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
    const ground = (node) => {
      for (let one = node; one; one = one.parentElement) {
        const colour = parts(getComputedStyle(one).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255, 255];
    };
    const ratio = (colour, node) => {
      const [dim, bright] = [light(parts(colour)), light(ground(node))].sort((one, other) => one - other);
      return (bright + 0.05) / (dim + 0.05);
    };
    const reasons = [...document.querySelectorAll(':disabled, [aria-disabled="true"]')].flatMap((one) =>
      (one.getAttribute('aria-describedby') ?? '').split(/\s+/).map((id) => id && document.getElementById(id)).filter(Boolean));
    const drawn = [...document.querySelectorAll('svg.chart :is(.series, .bound, .point)')];
    const inkOf = (style) => (style.stroke === 'none' ? style.fill : style.stroke);
    return [
      ...reasons.filter((one) => ratio(getComputedStyle(one).color, one) < 4.5).map((one) => `reason: ${one.textContent.trim().slice(0, 60)}`),
      ...drawn.filter((one) => one.checkVisibility() && ratio(inkOf(getComputedStyle(one)), one) < 3).map((one) => `drawn: ${one.outerHTML.slice(0, 80)}`),
    ];
  },
  // Two lines of one chart differ in more than their colour, and a state is a word.
  colourAlone: () => [
    ...[...document.querySelectorAll('svg.chart')].filter((chart) => {
      const kinds = new Map();
      for (const one of chart.querySelectorAll('polyline')) {
        const style = getComputedStyle(one), shape = `${style.strokeDasharray} ${style.strokeWidth}`;
        kinds.set(shape, (kinds.get(shape) ?? new Set()).add(style.stroke));
      }
      return [...kinds.values()].some((colours) => colours.size > 1);
    }).map((chart) => `lines alike but for their colour: ${chart.getAttribute('aria-label')}`),
    ...[...document.querySelectorAll('.chip, [data-state]')]
      .filter((one) => one.checkVisibility() && !one.textContent.trim() && !one.getAttribute('aria-label'))
      .map((one) => `state without a word: ${one.outerHTML.slice(0, 80)}`),
  ],
  styled: (css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; },
})
