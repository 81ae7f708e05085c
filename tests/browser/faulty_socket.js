// A WebSocket that drops, doubles, delays and stalls the messages of raywidget, and no others.
// `window.faults` says how much; nothing happens before it is set.

(() => {
  const Real = window.WebSocket;
  const decoder = new TextDecoder();
  const OURS = /"k": ?"(welcome|begin|coarse|tiles|state|hello|ack|need)"/;

  /** mulberry32: small, and the same numbers for the same seed. */
  function random() {
    window.faults.seed = (window.faults.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(window.faults.seed ^ (window.faults.seed >>> 15), 1 | window.faults.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Times after which a message is handed over. */
  function fates(data) {
    if (!window.faults || !(data instanceof ArrayBuffer)) return [0];
    const head = decoder.decode(new Uint8Array(data, 0, Math.min(data.byteLength, 4096)));
    if (!OURS.test(head)) return [0];
    const { drop, double, late, stall } = window.faults;
    window.faults.seen = (window.faults.seen ?? 0) + 1;
    const delay = () => {
      const chance = random();
      return chance < stall ? 2000 : chance < stall + late ? 200 * random() : 0;
    };
    if (random() < drop) {
      window.faults.dropped = (window.faults.dropped ?? 0) + 1;
      return [];
    }
    return random() < double ? [delay(), delay()] : [delay()];
  }

  const later = (wait, act) => (wait > 0 ? setTimeout(act, wait) : act());

  window.WebSocket = class extends Real {
    set onmessage(listener) {
      super.onmessage = (event) => {
        for (const wait of fates(event.data)) later(wait, () => listener.call(this, event));
      };
    }

    send(data) {
      const bytes = ArrayBuffer.isView(data) ? data.buffer : data;
      for (const wait of fates(bytes)) later(wait, () => super.send(data));
    }
  };
})();
