// A small shelf in IndexedDB for what has not reached the server yet. Order is the key.

const NAME = "tollgate-outbox";
const SHELF = "entries";

export async function openShelf() {
  const database = await wrapped(opening());
  return new Shelf(database);
}

class Shelf {
  #database;

  constructor(database) {
    this.#database = database;
  }

  put(entry) {
    return wrapped(this.#entries("readwrite").put(entry));
  }

  remove(order) {
    return wrapped(this.#entries("readwrite").delete(order));
  }

  all() {
    return wrapped(this.#entries("readonly").getAll());
  }

  #entries(mode) {
    return this.#database.transaction(SHELF, mode).objectStore(SHELF);
  }
}

function opening() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(SHELF, { keyPath: "order" });
  return request;
}

function wrapped(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
