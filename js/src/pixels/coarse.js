/**
 * A coarse picture, enlarged into the memory of a whole one: smoothly, between the middles of its
 * pixels, as squares of one colour would draw the eye to their edges.
 *
 * @typedef {{columns: number, rows: number, half: Uint16Array}} Coarse
 */

/** Beyond so many pixels there is no time for smoothness: the nearest pixel is taken. */
const MOST_SMOOTH = 2_200_000;

/**
 * For each of `size` places: the first of the two coarse pixels it lies between, and its share of
 * the second.
 *
 * @param {number} size
 * @param {number} count
 */
function weights(size, count) {
  const first = new Uint32Array(size);
  const share = new Float32Array(size);
  for (let at = 0; at < size; at++) {
    const place = Math.min(Math.max(((at + 0.5) * count) / size - 0.5, 0), count - 1);
    first[at] = Math.min(Math.floor(place), Math.max(count - 2, 0));
    share[at] = count > 1 ? place - first[at] : 0;
  }
  return { first, share };
}

/**
 * Rows of the enlarged picture, each given to `use` in the same memory.
 *
 * @param {Coarse} coarse
 * @param {number} width
 * @param {number} height
 * @param {(row: Uint16Array, y: number) => void} use
 */
export function enlarge(coarse, width, height, use) {
  if (coarse.columns === width && coarse.rows === height) {
    const stride = 3 * width;
    for (let y = 0; y < height; y++) use(coarse.half.subarray(y * stride, (y + 1) * stride), y);
  } else if (width * height > MOST_SMOOTH) {
    enlargeNearest(coarse, width, height, use);
  } else {
    enlargeSmoothly(coarse, width, height, use);
  }
}

/** @type {typeof enlarge} */
function enlargeNearest({ columns, rows, half }, width, height, use) {
  const row = new Uint16Array(3 * width);
  let last = -1;
  for (let y = 0; y < height; y++) {
    const from = Math.floor((y * rows) / height);
    if (from !== last) {
      for (let x = 0, to = 0; x < width; x++) {
        const at = 3 * (from * columns + Math.floor((x * columns) / width));
        row[to++] = half[at];
        row[to++] = half[at + 1];
        row[to++] = half[at + 2];
      }
      last = from;
    }
    use(row, y);
  }
}

/**
 * Mixes the bits of the half floats, which grow about as the logarithm of the light: a mean of bits
 * lies near the geometric mean, as smooth to the eye as that of the light, at half of the time or
 * less (20 to 37 ms instead of 42 to 142 for the first one of a page; no number is unpacked).
 *
 * @type {typeof enlarge}
 */
function enlargeSmoothly({ columns, rows, half }, width, height, use) {
  const across = weights(width, columns);
  const down = weights(height, rows);
  const row = new Uint16Array(3 * width);
  const step = columns > 1 ? 3 : 0;
  /** @type {[number, Float32Array][]} the two coarse rows at hand, enlarged to the full width */
  const wide = [
    [-1, new Float32Array(3 * width)],
    [-1, new Float32Array(3 * width)],
  ];
  /** @param {number} index */
  const widen = (index) => {
    const slot = wide[index % 2];
    const line = slot[1];
    if (slot[0] === index) return line;
    slot[0] = index;
    const start = 3 * index * columns;
    for (let x = 0, to = 0; x < width; x++, to += 3) {
      const at = start + 3 * across.first[x];
      const share = across.share[x];
      for (let c = 0; c < 3; c++) {
        const a = half[at + c];
        line[to + c] = a + share * (half[at + c + step] - a) + 0.5; // to be rounded down
      }
    }
    return line;
  };
  for (let y = 0; y < height; y++) {
    const top = widen(down.first[y]);
    const bottom = widen(Math.min(down.first[y] + 1, rows - 1));
    const share = down.share[y];
    for (let i = 0; i < row.length; i++) row[i] = top[i] + share * (bottom[i] - top[i]);
    use(row, y);
  }
}
