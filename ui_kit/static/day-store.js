// day-store.js - what a sitter's phone keeps: the own day as it was read last, and what was tapped and written without a
// connection, until it is sent. Codes and keys of homes never come here. Cleared at log-out, and when the session is over.
const NAME = "latchkey-day";
const LONGEST = 36 * 3600 * 1000;                                                     // an older day is no help any more

const opened = () => new Promise((done, failed) => {
  const wish = indexedDB.open(NAME, 1);
  wish.onupgradeneeded = () => {
    wish.result.createObjectStore("day");
    wish.result.createObjectStore("queue", { keyPath: "key" });
  };
  wish.onsuccess = () => done(wish.result);
  wish.onerror = () => failed(wish.error);
});

const within = async (store, mode, work) => {
  const db = await opened();
  try {
    return await new Promise((done, failed) => {
      const act = db.transaction(store, mode, { durability: "strict" });
      const wish = work(act.objectStore(store));
      act.oncomplete = () => done(wish?.result);
      act.onerror = act.onabort = () => failed(act.error);
    });
  } finally { db.close(); }
};

// Read, decide and write in one transaction: one tab types while another one sends. What `decide` makes of the old one is
// kept; null takes it away, undefined leaves it.
const decided = (store, key, decide) => {
  const wish = store.get(key);
  wish.onsuccess = () => {
    const next = decide(wish.result);
    if (next) store.put(next, store.keyPath ? undefined : key); else if (next === null) store.delete(key);
  };
};
export const change = (key, decide) => within("queue", "readwrite", (store) => decided(store, key, decide));
export const changeDay = (decide) => within("day", "readwrite", (store) => decided(store, "today", (day) => day && decide(day)));

export const keepDay = (day) => within("day", "readwrite", (store) => store.put({ ...day, kept: Date.now() }, "today"));
export const forgetDay = () => within("day", "readwrite", (store) => store.clear());
export const readDay = async () => {
  const day = await within("day", "readonly", (store) => store.get("today"));
  return day && Date.now() - day.kept < LONGEST ? day : null;
};

// What waits to be sent, in the order in which it was done. `why` is there once the office's side refused it.
export const queue = async () => (await within("queue", "readonly", (store) => store.getAll())).sort((a, b) => a.made - b.made);
export const put = (item) => within("queue", "readwrite", (store) => store.put(item));
export const drop = (key) => within("queue", "readwrite", (store) => store.delete(key));

export const newKey = () => crypto.randomUUID().replaceAll("-", "");
