/**
 * The entry for anywidget: a session for each model, and views of it.
 *
 * @import { Initialize, Render } from "@anywidget/types"
 * @import { Model, Traits } from "./session.js"
 */

import { guard, Session } from "./session.js";

/**
 * Sessions by the `_key` of their widget. Hosts hand different proxies of one model to
 * `initialize` and `render`, so the model itself can't be the key.
 *
 * @type {Map<string, Session>}
 */
const sessions = new Map();

/** @param {Model} model @returns {Session} */
function open(model) {
  const session = new Session(model);
  const key = model.get("_key");
  if (key) sessions.set(key, session);
  return session;
}

/** @param {Model} model @param {Session} session */
function close(model, session) {
  session.close();
  const key = model.get("_key");
  // When a module is reloaded, the new session may be there before the old one is closed.
  if (sessions.get(key) === session) sessions.delete(key);
}

/** @type {Initialize<Traits>} */
function initialize({ model }) {
  // Nothing here may wait: the messages of the whole notebook do, until this returns.
  try {
    const session = open(model);
    return guard(() => close(model, session));
  } catch (error) {
    console.warn("[raywidget]", error);
    return undefined;
  }
}

/** @type {Render<Traits>} */
function render({ model, el }) {
  try {
    const shared = sessions.get(model.get("_key"));
    // A host without `initialize`, or an old kernel without `_key`: the view has its own session.
    const session = shared ?? open(model);
    const remove = session.addView(el);
    return guard(() => {
      remove();
      if (shared === undefined) close(model, session);
    });
  } catch (error) {
    console.warn("[raywidget]", error);
    return undefined;
  }
}

export default { initialize, render };
