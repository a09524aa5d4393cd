/**
 * Functions of PostgreSQL that only calculate: they read no file, open no connection, change no setting, wait for nothing, and make no
 * result much larger than what they are given.
 */
const PLAIN = `
  abs ceil ceiling floor round trunc sign mod power sqrt exp ln log greatest least width_bucket div gcd lcm
  count sum avg min max bool_and bool_or every string_agg array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg
  stddev stddev_pop stddev_samp variance var_pop var_samp corr percentile_cont percentile_disc mode
  row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
  lower upper initcap length char_length character_length octet_length trim btrim ltrim rtrim substring substr position strpos
  replace translate left right split_part starts_with concat concat_ws reverse ascii chr md5 overlay
  regexp_replace regexp_match regexp_substr regexp_like regexp_count
  now date_trunc date_part extract age to_char to_date to_timestamp to_number make_date make_interval make_timestamp justify_days
  clock_timestamp statement_timestamp transaction_timestamp date_bin isfinite timezone
  coalesce nullif array_length array_position array_to_string string_to_array cardinality unnest array_remove array_append any_value
  to_json to_jsonb json_build_object jsonb_build_object json_build_array jsonb_build_array jsonb_array_length json_array_length
  jsonb_extract_path jsonb_extract_path_text json_extract_path json_extract_path_text jsonb_typeof json_typeof jsonb_strip_nulls
  jsonb_set jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys
  gen_random_uuid uuidv4 uuidv7 encode decode sha256 like_escape row_to_json num_nulls num_nonnulls lower_inc upper_inc isempty
`
  .trim()
  .split(/\s+/);

const IN_CATALOG: ReadonlySet<string> = new Set(PLAIN);

/** @param path the function's name, with its schema where one is written @param more allowed beside the plain ones */
export function isAllowedFunction(path: readonly string[], more: readonly string[]): boolean {
  if (more.includes(path.join('.'))) return true;
  const [first = '', second] = path;
  if (path.length === 1) return IN_CATALOG.has(first);
  return path.length === 2 && first === 'pg_catalog' && IN_CATALOG.has(second ?? '');
}
