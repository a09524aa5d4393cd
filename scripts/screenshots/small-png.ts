/** Pictures of text need few colours: the same picture with a palette is a third of the size. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const RGB = 2;
const PALETTE = 3;

/**
 * The picture with at most 256 colours: the most frequent one of each shade, so that a small thing in a colour of its own keeps it,
 * and for any other the nearest of those.
 */
export function smallPng(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const shades = new Map<number, { colour: number; most: number; all: number }>();
  for (const [colour, count] of counts) {
    const shade = colour & 0xf0f0f0;
    const { colour: before, most, all } = shades.get(shade) ?? { colour, most: 0, all: 0 };
    shades.set(shade, { colour: count > most ? colour : before, most: Math.max(most, count), all: all + count });
  }
  const palette = [...shades.values()]
    .sort((a, b) => b.all - a.all || a.colour - b.colour)
    .slice(0, 256)
    .map(({ colour }) => colour);
  const indexes = new Map([...counts.keys()].map((colour) => [colour, nearest(palette, colour)]));
  const raw = Buffer.alloc(height * (width + 1));
  pixels.forEach((pixel, i) => {
    raw[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = indexes.get(pixel) ?? 0;
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, PALETTE], 8);
  const colours = Buffer.from(palette.flatMap((colour) => channels(colour)));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(raw, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 255, colour & 255];

function nearest(palette: number[], colour: number): number {
  const [r, g, b] = channels(colour);
  const distances = palette.map((other) => {
    const [r2, g2, b2] = channels(other);
    return (r - r2) ** 2 + (g - g2) ** 2 + (b - b2) ** 2;
  });
  return distances.indexOf(Math.min(...distances));
}

/** Of an 8-bit RGB picture, as browsers write them. @throws Error for any other. */
function decode(png: Buffer): { width: number; height: number; pixels: number[] } {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  const header = chunks[0]?.data ?? Buffer.alloc(13);
  if (header[8] !== 8 || header[9] !== RGB) throw new Error('only 8-bit RGB pictures can be made smaller');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const data = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map((one) => one.data)));
  const stride = width * 3;
  let above = Buffer.alloc(stride);
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    above = unfiltered(data[start] ?? 0, data.subarray(start + 1, start + 1 + stride), above);
    for (let x = 0; x < stride; x += 3) pixels.push(above.readUIntBE(x, 3));
  }
  return { width, height, pixels };
}

/** One line without its filter (PNG specification, section 9.2). */
function unfiltered(filter: number, line: Buffer, above: Buffer): Buffer<ArrayBuffer> {
  const out = Buffer.alloc(line.length);
  line.forEach((byte, x) => {
    const left = x < 3 ? 0 : (out[x - 3] ?? 0);
    const up = above[x] ?? 0;
    const corner = x < 3 ? 0 : (above[x - 3] ?? 0);
    const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
    out[x] = byte + guess;
  });
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
