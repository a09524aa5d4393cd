import { fromHex, toBase64, toHex, utf8 } from '../../../src/canonical/index.ts';
import { consistencyProof, cosign, encodeEntries, formatNote, formatVkey, inclusionProof, leafHash, parseNote, tilePath, type Tile } from '../../../src/ledger/index.ts';
import { MemoryLog } from '../../ledger/memory-log.ts';
import { noteSigner } from '../../sealing/fixtures.ts';

/** The entries that Certificate Transparency's own tests use. */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];

export async function merkleVectors(): Promise<unknown> {
  const log = new MemoryLog();
  const roots = [{ size: 0, root: toHex(log.root) }];
  for (const entry of ENTRIES) {
    log.append(fromHex(entry));
    roots.push({ size: log.size, root: toHex(log.root) });
  }
  const inclusion = [];
  const consistency = [];
  for (let size = 1; size <= ENTRIES.length; size++) {
    const reader = log.reader(size);
    for (let index = 0; index < size; index++) {
      inclusion.push({ index, size, proof: (await inclusionProof(index, size, reader)).map(toHex) });
    }
    for (let old = 0; old <= size; old++) {
      consistency.push({ old, size, proof: (await consistencyProof(old, size, reader)).map(toHex) });
    }
  }
  return {
    about:
      'RFC 6962 section 2.1. All bytes are hexadecimal. `inclusion` and `consistency` are over `entries`, leaf side first.',
    entries: ENTRIES.map((entry) => ({ entry, leaf: toHex(leafHash(fromHex(entry))) })),
    roots,
    inclusion,
    consistency,
  };
}

const TILES: Tile[] = [
  { level: 0, index: 0, width: 256 },
  { level: 0, index: 0, width: 1 },
  { level: 1, index: 999, width: 255 },
  { level: 0, index: 1000, width: 256 },
  { level: 2, index: 1_234_067, width: 256 },
  { level: 63, index: 1_234_067, width: 17 },
  { level: 'entries', index: 0, width: 256 },
  { level: 'entries', index: 273, width: 112 },
];

export function tileVectors(): unknown {
  const entries = ['first', '', '{"a":1}'];
  return {
    about:
      'C2SP tlog-tiles. `paths` read and write as shown; `refused` name nothing. `bundle`: entries as text, the bundle in base64.',
    paths: TILES.map((tile) => ({ tile, path: tilePath(tile) })),
    refused: [
      'tile/0/0',
      'tile/00/000',
      'tile/64/000',
      'tile/0/x000/000',
      'tile/0/001/000',
      'tile/0/x001',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000.p/01',
      'tile/0/000.p/257',
      'tile/0/../000',
      'tile/-1/000',
      'tile/data/000',
      '/tile/0/000',
      'tile/0/000/',
      'tile/0/000\n',
    ],
    bundle: { entries, base64: toBase64(encodeEntries(entries.map(utf8))) },
  };
}

export async function noteVectors(): Promise<unknown> {
  const log = new MemoryLog();
  log.append(...ENTRIES.map(fromHex));
  const own = noteSigner('countersign/default');
  const witness = noteSigner('witness.example/w1', 'witness');
  const checkpoint = await log.checkpoint(own.key, own.sign);
  const { text, signatures } = parseNote(checkpoint);
  const time = 1_795_255_200;
  const cosigned = formatNote(text, [...signatures, await cosign(text, witness.key, time, witness.sign)]);
  const logKey = formatVkey(own.key);
  const witnessKey = formatVkey(witness.key);
  const foreign = noteSigner('countersign/other');
  const refused = [
    { name: 'size changed', note: checkpoint.replace('\n8\n', '\n9\n'), reason: 'note-signature-wrong' },
    {
      name: 'signed by nobody known',
      note: await log.checkpoint(foreign.key, foreign.sign),
      reason: 'note-key-unknown',
    },
    { name: 'no signature', note: `${text}\n`, reason: 'note-malformed' },
    { name: 'cut short', note: checkpoint.slice(0, -1), reason: 'note-malformed' },
    { name: 'carriage returns', note: checkpoint.replaceAll('\n', '\r\n'), reason: 'note-malformed' },
    { name: 'base64 not in its one spelling', note: `${checkpoint.slice(0, -2)}\n`, reason: 'note-malformed' },
    {
      name: 'cosignature at another time',
      note: formatNote(text, [
        ...signatures,
        {
          ...(await cosign(text, witness.key, time, witness.sign)),
          signature: shifted(await cosign(text, witness.key, time, witness.sign)),
        },
      ]),
      reason: 'note-signature-wrong',
    },
  ];
  return {
    about:
      'C2SP signed-note, tlog-checkpoint and tlog-cosignature (v1, Ed25519). Each of `refused` is to be refused under both keys with this reason.',
    logKey,
    witnessKey,
    checkpoint: { note: checkpoint, origin: own.key.name, size: log.size, root: toHex(log.root) },
    cosigned: { note: cosigned, witness: witness.key.name, time },
    refused,
  };
}

function shifted({ signature }: { signature: Uint8Array }): Uint8Array {
  const bytes = signature.slice();
  bytes[7] = ((bytes[7] ?? 0) + 1) % 256;
  return bytes;
}
