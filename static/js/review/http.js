// Requests to the product's own API: JSON, the CSRF token, and the two ways to fail.

export class Unreachable extends Error {}

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? "";
  }

  // Trying again later may help: the server is busy or broken, not of another opinion.
  get isPassing() {
    return this.status >= 500 || this.status === 429;
  }

  get isSignedOut() {
    return this.status === 401 || ["unauthenticated", "csrf-failed"].includes(this.code);
  }
}

export class Http {
  #clock;
  #csrfCookie;

  // `csrfCookie` is the name of the cookie that the token is in: it differs where the product runs for real.
  constructor(clock, csrfCookie) {
    this.#clock = clock;
    this.#csrfCookie = csrfCookie;
  }

  post(address, body, options = {}) {
    return this.#request(address, { method: "POST", body: JSON.stringify(body), ...options });
  }

  get(address, options = {}) {
    return this.#request(address, { method: "GET", ...options });
  }

  // A last word when the page goes away; nobody waits for its answer.
  farewell(address, body) {
    fetch(address, { method: "POST", body: JSON.stringify(body), headers: this.#headers(), keepalive: true }).catch(() => {});
  }

  async #request(address, options) {
    const sent = Date.now();
    let response;
    try {
      response = await fetch(address, { ...options, headers: { ...this.#headers(), ...options.headers } });
    } catch {
      throw new Unreachable(address);
    }
    this.#clock.learn(response.headers.get("Date"), sent, Date.now());
    const left = response.headers.get("X-Session-Left");
    if (left) dispatchEvent(new CustomEvent("session-left", { detail: left }));
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(response.status, body);
    return body;
  }

  #headers() {
    return { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.#csrfToken() };
  }

  #csrfToken() {
    const kept = document.cookie.split("; ").find((one) => one.startsWith(`${this.#csrfCookie}=`));
    return kept?.slice(this.#csrfCookie.length + 1) ?? "";
  }
}
