#!/usr/bin/env bash
# Checks the model, and that the checker would see a fault: in each altered copy one guard is missing, and an error has to be found.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check_of FILE: makes the program that checks it, once for all claims.
check_of() {
  (cd "$work" && spin -a "$1" >/dev/null && gcc -O2 -w -o pan pan.c)
}

# errors_of CLAIM…: prints the number of errors.
errors_of() {
  (cd "$work" && ./pan -m200000 "$@" 2>/dev/null) | sed -n 's/.*errors: \([0-9]*\).*/\1/p'
}

cp life.pml "$work/life.pml"
check_of life.pml
for claim in "-noclaim" "-a -N honest"; do
  errors=$(errors_of $claim)
  [[ $errors == 0 ]] || { echo "the model has an error ($claim): cd test/model && spin -run life.pml" >&2; exit 1; }
  echo "life.pml $claim: every order of steps is right"
done

# mutant NAME SED-EXPRESSION
mutant() {
  sed "$2" life.pml >"$work/$1.pml"
  cmp -s life.pml "$work/$1.pml" && { echo "the mutant \`$1\` changes nothing" >&2; exit 1; }
  check_of "$1.pml"
  local found=0
  for claim in "-noclaim" "-a -N honest"; do
    errors=$(errors_of $claim)
    if [[ $errors != 0 ]]; then
      found=1
      break
    fi
  done
  [[ $found == 1 ]] || { echo "no error was found without: $1" >&2; exit 1; }
  echo "found, as it should be: $1"
}
mutant 'sealed-by-whoever-comes' 's/#define SEAL(seen) n == seen -> n++/#define SEAL(seen) true -> n++/'
mutant 'released-without-a-yes' 's/status == supervised \&\& approved \&\& !frozen -> READ/status == supervised \&\& !frozen -> READ/'
mutant 'old-permits-stay-good' 's/ \&\& mine == permit \&\& !collectLate \&\& !frozen/ \&\& !collectLate \&\& !frozen/'
mutant 'executed-without-a-redemption' 's/(status == released || status == unreported) \&\& redeemer != 0 -> READ/(status == released || status == unreported) -> READ/'
mutant 'lapsed-though-redeemed' 's/status == released \&\& redeemer == 0 \&\& collectLate -> READ(seen) };/status == released \&\& collectLate -> READ(seen) };/; s/assert(redeemer == 0); status = lapsed/status = lapsed/'
