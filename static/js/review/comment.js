// The comment on the part on the screen. A call carries what was typed, kept or not; the next part begins without.

export class Comment {
  #screen;
  #field;
  #kept = "";

  constructor(screen) {
    this.#screen = screen;
    this.#field = screen.part("comment");
    screen.part("comment-keep").addEventListener("click", () => this.#keep());
    screen.part("comment-leave").addEventListener("click", () => this.#leave());
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get isOpen() {
    return !this.#screen.part("comment-form").hidden;
  }

  open() {
    this.#screen.toggle("comment-form", true);
    this.#field.value = this.#kept;
    this.#field.focus();
  }

  // What a call says, a reason before it.
  take(reason = "") {
    if (this.isOpen) this.#kept = this.#field.value;
    this.#leave();
    return [reason, this.#kept].filter(Boolean).join(": ");
  }

  // Another part comes to the screen, or none.
  forget() {
    this.#kept = "";
    this.#leave();
  }

  #keep() {
    this.take();
    this.#screen.say(this.#screen.text("commentKept"));
  }

  #leave() {
    this.#screen.toggle("comment-form", false);
    this.#field.blur();
  }

  #pressed(event) {
    if (event.code === "Escape") return this.#leave();
    if (event.code !== "Enter" || !event.ctrlKey) return;
    event.preventDefault();
    this.#keep();
  }
}
