// The words and shapes around the image. Only textContent and attributes: what people wrote stays text.

const SAY_EVERY_MS = 1000;
const PRESSED_MS = 80;
const LOADING_MS = 400;

export class Screen {
  #parts;
  #texts;
  #shown = null;
  #saidAt = 0;
  #sayTimer = null;
  #loadingTimer = null;

  constructor(root, texts) {
    this.#parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
    this.#texts = texts;
  }

  part(name) {
    return this.#parts[name];
  }

  text(name, values = {}) {
    return this.#texts[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  }

  put(name, text) {
    const node = this.#parts[name];
    if (node.textContent !== text) node.textContent = text;
  }

  toggle(name, isShown) {
    this.#parts[name].hidden = !isShown;
  }

  // To readers of the status line: politely, at most once a second, the newest wins.
  announce(text) {
    clearTimeout(this.#sayTimer);
    const wait = Math.max(0, this.#saidAt + SAY_EVERY_MS - performance.now());
    this.#sayTimer = setTimeout(() => {
      this.#saidAt = performance.now();
      this.put("status", text);
    }, wait);
  }

  // To everybody: one short sentence in the last line, and to readers.
  say(text) {
    this.put("said", text);
    if (text) this.announce(text);
  }

  // Take back a sentence that no longer holds; another one stays.
  unsay(text) {
    if (this.#parts.said.textContent === text) this.put("said", "");
  }

  // Said only where it takes a while: most images are there before they are wanted.
  loading(isLoading) {
    if (isLoading === (this.#loadingTimer !== null)) return;
    clearTimeout(this.#loadingTimer);
    this.#loadingTimer = isLoading ? setTimeout(() => this.toggle("loading", true), LOADING_MS) : null;
    if (!isLoading) this.toggle("loading", false);
  }

  press(name) {
    const button = document.querySelector(`.answer.${name}`);
    button.dataset.pressed = "";
    setTimeout(() => delete button.dataset.pressed, PRESSED_MS);
  }

  item(task, line) {
    this.#shown = task ? { line, serial: task.item.serial } : null;
    this.put("serial", task?.item.serial ?? "");
    this.#nameThePicture(null);
  }

  #nameThePicture(zoom) {
    const label = this.#shown ? this.text("picture", { ...this.#shown, zoom: zoom ?? "–" }) : this.text("noPicture");
    this.part("picture").setAttribute("aria-label", label);
  }

  tools(viewer) {
    const { brightness, contrast, invert } = viewer.tools;
    const zoom = viewer.zoomPercent === null ? "–" : `${viewer.zoomPercent}\u00a0%`;
    this.put("zoom", viewer.isBlurred ? `${zoom} ${this.text("preview")}` : zoom);
    this.#nameThePicture(viewer.zoomPercent);
    this.put("brightness", signed(brightness));
    this.put("contrast", signed(contrast));
    this.put("invert", this.text(invert ? "on" : "off"));
    for (const tool of ["point", "box"]) {
      for (const button of document.querySelectorAll(`[data-do="${tool}"]`)) button.setAttribute("aria-pressed", String(viewer.marks.tool === tool));
    }
  }

  // One button asks about the call before, another about this image; on touch one does both.
  asking({ canAsk, canAskBack, isAsking }) {
    this.toggle("ask-back", canAskBack);
    this.toggle("ask-aid", canAsk && !canAskBack);
    this.toggle("ask-rail", canAsk);
    for (const name of ["ask-aid", "ask-rail"]) this.part(name).setAttribute("aria-pressed", String(isAsking));
  }

  saved({ state, waiting, trouble }) {
    const chip = this.part("saved");
    const words = { saved: "saved", saving: "saving", offline: "offline", action: trouble === "signed-out" ? "signedOut" : "action" };
    if (chip.dataset.state !== state) {
      chip.dataset.state = state;
      chip.querySelector("svg").replaceWith(shape(state));
    }
    this.put("saved-word", this.text(words[state], { count: waiting }));
  }

  last(entry) {
    const node = this.part("last");
    if (!entry) return node.replaceChildren();
    const serial = element("b", entry.serial, "serial");
    node.replaceChildren(this.text("last"), serial, shape(entry.label), entry.words);
  }

  locked(words, time) {
    this.part("last").replaceChildren(shape("lock"), this.text("firstCall"), element("b", words), this.text("at", { time }));
  }

  // The undo window: a ring that runs down, by the second where motion is unwelcome.
  undo(leftMs, windowMs) {
    const isOpen = leftMs > 0;
    this.toggle("undo", isOpen);
    if (!isOpen) return;
    const seconds = Math.ceil(leftMs / 1000);
    this.put("undo-left", String(seconds));
    const shown = matchMedia("(prefers-reduced-motion: reduce)").matches ? seconds * 1000 : leftMs;
    this.part("undo-ring").setAttribute("stroke-dashoffset", String(Math.round(100 - Math.min(100, (shown / windowMs) * 100))));
  }

  // The words of the answers: plain before a call, keep or change after a reveal. None is ever marked as chosen.
  answers(first) {
    const words = { null: ["passButton", "defectButton"], pass: ["keepPass", "changeDefect"], defect: ["changePass", "keepDefect"] };
    const [pass, defect] = words[first] ?? ["changePass", "changeDefect"];
    this.put("pass-word", this.text(pass));
    this.put("defect-word", this.text(defect));
    for (const answer of ["pass", "defect"]) {
      this.put(`${answer}-aside`, first === answer ? this.text("sameKey") : "");
      this.toggle(`${answer}-aside`, first === answer);
    }
    document.querySelector(".answers").toggleAttribute("data-kept", first !== null);
  }

  busy(isBusy) {
    document.querySelector(".answers").setAttribute("aria-busy", String(isBusy));
  }

  defectMode(isOpen) {
    this.part("defect-box").toggleAttribute("data-open", isOpen);
    document.querySelector(".defect-button").setAttribute("aria-pressed", String(isOpen));
  }

  reasons(isOpen) {
    this.toggle("reasons", isOpen);
  }

  caption(text) {
    this.put("caption", text);
    this.toggle("caption", Boolean(text));
  }

  // A card over the dimmed image: title, sentences, and buttons [{word, key, run, isPrimary}].
  veil(title, sentences, buttons) {
    const row = element("div", "", "row");
    for (const button of buttons) row.append(actionButton(button));
    this.part("veil-card").replaceChildren(element("h2", title), ...sentences.map((one) => element("p", one)), row);
    this.toggle("veil", true);
    row.querySelector("button, a")?.focus({ preventScroll: true });
  }

  unveil() {
    this.toggle("veil", false);
  }

  get isVeiled() {
    return !this.part("veil").hidden;
  }
}

export function shape(name) {
  return document.querySelector(`template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
}

export function element(tag, text, className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

function actionButton({ word, key, run, href, isPrimary }) {
  const node = element(href ? "a" : "button", word, isPrimary ? "button primary" : "button");
  if (href) node.href = href;
  else {
    node.type = "button";
    node.addEventListener("click", run);
  }
  if (key) {
    const cap = element("kbd", key, "key");
    cap.setAttribute("aria-hidden", "true");
    node.append(cap);
  }
  return node;
}

function signed(number) {
  return number > 0 ? `+${number}` : String(number).replace("-", "−");
}
