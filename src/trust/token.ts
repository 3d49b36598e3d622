import { Secret } from '../model/index.js';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
// 7 * 36: bytes above are thrown away, else the first four letters would come more often.
const fair = 252;

/** A bootstrap token `[a-z0-9]{6}.[a-z0-9]{16}` (kubernetes cluster-bootstrap/token/api). The id is public. */
export function newToken(bytes: (size: number) => Buffer): { readonly id: string; readonly secret: Secret } {
  return { id: draw(6, bytes), secret: new Secret(draw(16, bytes)) };
}

function draw(length: number, bytes: (size: number) => Buffer): string {
  let text = '';
  while (text.length < length) {
    for (const byte of bytes(length)) {
      if (byte < fair && text.length < length) text += letters.charAt(byte % letters.length);
    }
  }
  return text;
}
