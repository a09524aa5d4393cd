#!/usr/bin/env bash
# Checks the models, and that the checker would see a fault: in each altered copy one guard is missing, and an error has to be found.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# claims MODEL: those of its file, and `deadlock`: that nothing waits for ever, and no assertion fails.
claims() {
  echo deadlock
  sed -n 's/^ltl \([a-z]*\) .*/\1/p' "$1"
}

# verifier FILE KIND: builds, once, the program that checks FILE with its `claims`, or `without` any. Prints its path.
verifier() {
  local place=$work/${1%.pml} flags=(-w)
  [[ $2 == claims ]] || flags+=(-DNOCLAIM)
  # What runs for less than a second is not worth a second of optimizing.
  if [[ $1 == life.pml ]]; then flags+=(-O1); else flags+=(-O0); fi
  mkdir -p "$place"
  [[ -f $place/pan.c ]] || (cd "$place" && spin -a "../$1" >/dev/null)
  [[ -x $place/$2 ]] || (cd "$place" && gcc "${flags[@]}" -o "$2" pan.c)
  echo "$place/$2"
}

# run FILE CLAIM: prints the number of errors.
run() {
  local kind=claims args=(-a -N "$2") program
  case $2 in
    deadlock) kind=without args=() ;;
    # What must come about some day does so only where every process gets its turn.
    atonce | bydelay) args=(-a -f -N "$2") ;;
  esac
  program=$(verifier "$1" "$kind")
  (cd "$work" && "$program" -m200000 "${args[@]}" 2>/dev/null) | sed -n 's/.*errors: \([0-9]*\).*/\1/p'
}

for model in start life; do
  cp "$model.pml" "$work/$model.pml"
  for claim in $(claims "$model.pml"); do
    errors=$(run "$model.pml" "$claim")
    [[ $errors == 0 ]] || { echo "the model has an error ($claim): cd test/model && spin -run $model.pml" >&2; exit 1; }
    echo "$model.pml $claim: every order of steps is right"
  done
done

# mutant MODEL NAME SED-EXPRESSION
mutant() {
  sed "$3" "$1.pml" >"$work/$1-$2.pml"
  cmp -s "$1.pml" "$work/$1-$2.pml" && { echo "the mutant \`$2\` changes nothing" >&2; exit 1; }
  local found=0
  # An error is found soon; every order of steps without one takes long, so the claim that most mutants break comes first.
  for claim in $(claims "$1.pml" | tac); do
    errors=$(run "$1-$2.pml" "$claim")
    [[ $errors == 0 ]] || { found=1; break; }
  done
  [[ $found == 1 ]] || { echo "no error was found without: $2" >&2; exit 1; }
  echo "found, as it should be: $2"
}
mutant start 'a-repeat-wakes-nobody' 's/started \&\& (woken || late)/started \&\& late/'
mutant start 'judged-by-a-repeat-only' 's/started \&\& (woken || late)/started \&\& woken/'
mutant start 'a-judgement-is-not-kept' 's/       :: judgement == 0 -> /       :: true -> /'
mutant start 'taken-as-it-was-counted' 's/early != 0 \&\& seen == USED -> judgement/early != 0 -> judgement/'
mutant start 'written-before-the-start' 's/deaths++ }; goto dead \/\* failed/deaths++ } \/* failed/'
mutant start 'answered-without-an-acknowledgement' 's/deaths++ }; goto dead \/\* persisted, and the answer was lost/deaths++ } \/* persisted, and the answer was lost/'
mutant start 'answered-before-it-is-sealed' 's/WRITES(mine, early, seen, dead);$/JUDGE(mine);/'
mutant start 'sealed-twice' 's/atomic { FREE; if :: sealed == 0 -> sealed = mine :: else fi; mine = sealed }/atomic { sealed = mine }/'
mutant start 'held-without-its-locks' 's/#define FREE (holder == 0)/#define FREE true/'
mutant start 'held-by-the-dead' '/^dead:/,/^}/s/ROLLBACK/skip/'
mutant start 'held-of-what-was-taken-since' 's/ \&\& (!limited || seen == USED) -> holder/ -> holder/'
mutant life 'sealed-by-whoever-comes' 's/#define SEAL(seen) n == seen -> n++/#define SEAL(seen) true -> n++/'
mutant life 'released-without-a-yes' 's/status == supervised \&\& approved \&\& !frozen -> READ/status == supervised \&\& !frozen -> READ/'
mutant life 'old-permits-stay-good' 's/ \&\& mine == permit \&\& !collectLate \&\& !frozen/ \&\& !collectLate \&\& !frozen/'
mutant life 'executed-without-a-redemption' 's/(status == released || status == unreported) \&\& redeemer != 0 -> READ/(status == released || status == unreported) -> READ/'
mutant life 'lapsed-though-redeemed' 's/status == released \&\& redeemer == 0 \&\& collectLate -> READ(seen) };/status == released \&\& collectLate -> READ(seen) };/; s/assert(redeemer == 0); status = lapsed/status = lapsed/'
