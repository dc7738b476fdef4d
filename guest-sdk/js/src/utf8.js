/** UTF-8, which the engine in the sandbox has no functions for. Where there are some, as in Node, they are used. */

const native = { Encoder: globalThis.TextEncoder, Decoder: globalThis.TextDecoder };

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
export function encode(text) {
  return native.Encoder ? new native.Encoder().encode(text) : encodeByHand(text);
}

/**
 * Bytes that are no UTF-8 become `U+FFFD`; a byte order mark at the beginning is no part of the text.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function decode(bytes) {
  if (native.Decoder) return new native.Decoder().decode(bytes);
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return decodeByHand(isMarked ? bytes.subarray(3) : bytes);
}

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
export function encodeByHand(text) {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (let place = 0; place < text.length; place++) {
    let code = text.charCodeAt(place);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      const low = code < 0xdc00 ? text.charCodeAt(place + 1) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        place++;
      } else {
        code = 0xfffd;
      }
    }
    if (code >= 0x10000) {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 63);
      bytes[at++] = 0x80 | ((code >> 6) & 63);
    } else if (code >= 0x800) {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 63);
    } else {
      bytes[at++] = 0xc0 | (code >> 6);
    }
    bytes[at++] = 0x80 | (code & 63);
  }
  return bytes.slice(0, at);
}

/** What one call of `String.fromCharCode` takes: its arguments stand on the stack. */
const CHUNK = 4096;

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function decodeByHand(bytes) {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    // Plain runs, which most text is, are taken whole.
    let end = at;
    const most = Math.min(bytes.length, at + CHUNK);
    while (end < most && bytes[end] < 0x80) end++;
    if (end > at) {
      text += String.fromCharCode.apply(null, /** @type {any} */ (bytes.subarray(at, end)));
      at = end;
      continue;
    }
    const [code, length] = character(bytes, at);
    text += String.fromCodePoint(code);
    at += length;
  }
  return text;
}

/**
 * The character that begins here and how many bytes it has; what is none counts as one of one byte, or of as many as were
 * right, as the Encoding standard has it.
 *
 * @param {Uint8Array} bytes
 * @param {number} at
 * @returns {[number, number]}
 */
function character(bytes, at) {
  const first = bytes[at];
  const more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
  let code = first & (0x3f >> more);
  for (let place = 1; place <= more; place++) {
    const next = bytes[at + place];
    const least = place > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const greatest = place > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (!(next >= least && next <= greatest)) return [0xfffd, place];
    code = (code << 6) | (next & 63);
  }
  return more ? [code, more + 1] : [0xfffd, 1];
}
