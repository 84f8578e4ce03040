// The card that says what the model thinks: after the first call, or beside the image where the line wants it so.

import { heatBitmap, heatOverlay } from "./heat.js";
import { shape } from "./screen.js";

export class RevealCard {
  #screen;
  #viewer;
  #slot;
  #reveal = null;
  #size = null;
  #map = null;
  #isHot = false;

  constructor(screen, viewer) {
    this.#screen = screen;
    this.#viewer = viewer;
    this.#slot = screen.part("reveal");
  }

  get isOpen() {
    return this.#reveal !== null;
  }

  // `mine` is the first call ({label, words}) or null where there is none yet.
  open({ reveal, mine, size, classWord }) {
    this.#reveal = reveal;
    this.#size = size;
    this.#map = null;
    const words = this.#words(reveal.label, classWord);
    const card = document.querySelector('template[data-template="reveal"]').content.cloneNode(true);
    const slot = (name) => card.querySelector(`[data-slot="${name}"]`);
    slot("title").textContent = this.#title(reveal, mine);
    if (mine) slot("you").append(shape(mine.label), mine.words);
    else for (const node of [slot("you"), slot("you").previousElementSibling]) node.remove();
    slot("model").append(shape(reveal.label), words);
    slot("band").textContent = this.#screen.text(reveal.probability_band);
    card.querySelector(".segments").dataset.band = reveal.probability_band;
    slot("heat").hidden = !reveal.heatmap_url;
    this.#slot.replaceChildren(card);
    this.#slot.hidden = false;
    this.#slot.querySelector('[data-slot="heat"]').addEventListener("click", () => this.toggleHeat());
    this.setHeat(Boolean(reveal.heatmap_url));
  }

  close() {
    if (!this.isOpen) return;
    this.#reveal = null;
    this.#map?.close();
    this.#map = null;
    this.#slot.hidden = true;
    this.#slot.replaceChildren();
    this.#viewer.setOverlay(null);
    this.#screen.caption("");
  }

  toggleHeat() {
    if (this.#reveal?.heatmap_url) this.setHeat(!this.#isHot);
  }

  async setHeat(isOn) {
    this.#isHot = isOn;
    const button = this.#slot.querySelector('[data-slot="heat"]');
    button.setAttribute("aria-pressed", String(isOn));
    this.#slot.querySelector('[data-slot="heat-word"]').textContent = this.#screen.text(isOn ? "heatOn" : "heatOff");
    if (isOn && !this.#map) await this.#load(this.#reveal);
    if (!this.isOpen || isOn !== this.#isHot) return;
    this.#screen.caption(this.#map && isOn ? this.#screen.text("heatCaption") : "");
    this.#viewer.setOverlay(isOn && this.#map ? heatOverlay(this.#map, this.#size) : null);
  }

  async #load(reveal) {
    const response = await fetch(reveal.heatmap_url).catch(() => null);
    if (!response?.ok) return;
    const bitmap = await heatBitmap(await response.json());
    if (reveal === this.#reveal) this.#map = bitmap;
    else bitmap.close();
  }

  #title(reveal, mine) {
    if (!mine) return this.#screen.text("modelSays");
    return this.#screen.text(mine.label === reveal.label ? "agrees" : "disagrees");
  }

  #words(label, classWord) {
    const word = this.#screen.text(label);
    return classWord ? `${word} · ${classWord}` : word;
  }
}
