/** A value that RFC 8259 can write. Numbers are finite. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
