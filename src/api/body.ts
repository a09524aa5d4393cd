/** Parses request bodies strictly: a parser that keeps only the last of two equal names would not notice. */
import express, { type RequestHandler } from 'express';
import { fromUtf8, isCanonicalError, readInput, type Json } from '../canonical/index.ts';
import { CountersignError, readJson } from '../contract/index.ts';

export interface BodyOptions {
  /** Bytes that a body may have. */
  limit: number;
  /** Content types; a body of another one is left alone. */
  types?: string[];
  /** How strictly; bodies that may hold our own output are read less strictly. */
  read?: (text: string) => Json;
}

const BOM = '\uFEFF';

/** UTF-8 JSON, an object or an array, as `request.body`. RFC 8259: no other encoding; a byte order mark is passed over. */
export function jsonBody({
  limit,
  types = ['application/json', 'application/*+json'],
  read,
}: BodyOptions): RequestHandler[] {
  return [
    express.raw({ limit, inflate: false, type: types }),
    (request, _response, next) => {
      if (Buffer.isBuffer(request.body)) request.body = valueOf(request.body, request.get('content-type') ?? '', read);
      next();
    },
  ];
}

function valueOf(bytes: Buffer, contentType: string, read: (text: string) => Json = readInput): Json {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset)) throw notUtf8();
  if (bytes.length === 0) return {};
  const text = textOf(bytes);
  const value = readJson('the body', text.startsWith(BOM) ? text.slice(1) : text, read);
  if (typeof value === 'object' && value !== null) return value;
  throw new CountersignError('malformed-json', 'the body is no JSON object; send one JSON object');
}

function textOf(bytes: Buffer): string {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    if (isCanonicalError(error)) throw notUtf8();
    throw error;
  }
}

const notUtf8 = (): CountersignError =>
  new CountersignError('invalid-request', 'the body could not be read; send UTF-8 JSON, uncompressed');
