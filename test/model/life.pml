/*
 * The life of one action that needs a human, as a model: `spin -run test/model/life.pml` tries every order of its steps.
 *
 * What is sealed is the truth; everything else may lie. `Engine` stands for a worker under any history: it takes any step at any time,
 * as often as it likes, as forged markers, messages, resets and repeats would make it, and may die between reading and sealing. Two of
 * them run at once. A step is what it is in the code: it reads the sealed records, decides, and seals the record of the next number;
 * where somebody sealed that number first, nothing happens (`insist` in src/engine/seal.ts). Each transition names its function.
 *
 * Nothing waits for ever: wherever an action is not closed, some step is left to take, or Spin reports an invalid end state. That one
 * is taken is for the sweep (`resumeLost` in src/engine/resume.ts), which starts whatever was lost.
 */
mtype = { supervised, released, executed, failed, skipped, unreported, lapsed, refused, expired, cancelled };

/* What is sealed. */
mtype status = supervised;
byte n = 1;            /* number of the action's next record: the verdict was 0 */
bool approved = false; /* the override is complete, by the reducer over the sealed decisions */
byte permit = 0;       /* the newest permit; 0 for none */
byte redeemed = 0;     /* the permit that was redeemed; 0 for none */
byte redeemer = 0;     /* by whom; 0 for nobody */

/* What is so beside it. */
bool saidYes = false, saidNo = false;                    /* an approver's word, attested: nobody else can make it */
bool word1 = false, word2 = false;                       /* whether each was sealed */
bool frozen = false;
bool decisionLate = false, collectLate = false, reportLate = false; /* sealed times that have passed */
bool returned = false;                                   /* what it took of a limit was given back */
byte begun = 0;                                          /* executors that were told to go */

#define MAX_PERMIT 2

/* Reads the sealed records: readLife in src/engine/life.ts. */
#define READ(seen) seen = n

/* Seals the next record unless somebody was faster: sealNext in src/engine/seal.ts, one statement of the database. */
#define SEAL(seen) n == seen -> n++

#define CLOSED (status == executed || status == failed || status == skipped || status == lapsed || status == refused || \
  status == expired || status == cancelled)

/* Whatever a workflow asks for, in whatever order. */
proctype Engine() {
  byte seen;
  do
  :: !CLOSED ->
    if
    :: CLOSED -> skip /* by somebody else, meanwhile */
    /* sealDecision, of an attested yes: src/engine/decisions.ts */
    :: atomic { status == supervised && !approved && saidYes && !word1 && !decisionLate -> READ(seen) };
       if :: atomic { SEAL(seen); approved = true; word1 = true } :: n != seen :: skip /* died */ fi
    /* sealDecision, of an attested no */
    :: atomic { status == supervised && !approved && saidNo && !word2 && !decisionLate -> READ(seen) };
       if :: atomic { SEAL(seen); status = refused; word2 = true; returned = true } :: n != seen :: skip fi
    /* sealDecision without a word: expired, checked against the sealed times */
    :: atomic { status == supervised && decisionLate && (!approved || frozen) -> READ(seen) };
       if :: atomic { SEAL(seen); status = expired; returned = true } :: n != seen :: skip fi
    /* sealDecision: withdrawn, also by whoever may write to the namespace */
    :: atomic { status == supervised -> READ(seen) };
       if :: atomic { SEAL(seen); status = cancelled; returned = true } :: n != seen :: skip fi
    /* release: src/engine/release.ts */
    :: atomic { status == supervised && approved && !frozen -> READ(seen) };
       if
       :: atomic { SEAL(seen); assert(saidYes); status = released; permit = 1 }
       :: n != seen :: skip
       fi
    /* collect: a fresh permit, and the one before it is dead */
    :: atomic { status == released && redeemer == 0 && !collectLate && !frozen && permit < MAX_PERMIT -> READ(seen) };
       if :: atomic { SEAL(seen); permit++ } :: n != seen :: skip fi
    /* sealOutcome of silence: src/engine/outcome.ts */
    :: atomic { status == released && redeemer == 0 && collectLate -> READ(seen) };
       if :: atomic { SEAL(seen); assert(redeemer == 0); status = lapsed; returned = true } :: n != seen :: skip fi
    :: atomic { status == released && redeemer != 0 && reportLate -> READ(seen) };
       if :: atomic { SEAL(seen); status = unreported } :: n != seen :: skip fi
    /* sealOutcome of a report. Whoever holds the permit may say it, also of what it never did. */
    :: atomic { (status == released || status == unreported) && redeemer != 0 -> READ(seen) };
       if
       :: atomic { SEAL(seen); status = executed }
       :: atomic { SEAL(seen); status = failed; returned = true }
       :: n != seen :: skip
       fi
    :: atomic { status == released || status == unreported -> READ(seen) };
       if :: atomic { SEAL(seen); status = skipped; returned = true } :: n != seen :: skip fi
    /* reconcile: src/engine/reconcile.ts */
    :: atomic { status == unreported -> READ(seen) };
       if :: atomic { SEAL(seen); status = executed } :: n != seen :: skip fi
    fi
  :: else -> break
  od
}

/* Two executors with permits of their own, and a redeemer each. redeemPermit: src/engine/redeem.ts */
proctype Executor(byte me) {
  byte seen, mine;
  bool told = false;
  do
  :: atomic { permit > 0 && mine == 0 -> mine = permit } /* handed to it, and perhaps dead by the time it is used */
  :: mine > 0 && !told ->
    if
    :: atomic { status == released && redeemer == 0 && mine == permit && !collectLate && !frozen -> READ(seen) };
       if
       :: atomic {
            SEAL(seen);
            /* Never of what was given back, settled, or lapsed, nor without a sealed release and a human's yes. */
            assert(status == released && redeemer == 0 && mine == permit && !returned && saidYes);
            redeemer = me; redeemed = mine
          }
       :: n != seen
       :: skip /* died: it may or may not ask again */
       fi
    /* The same redeemer gets the same answer, until the outcome is sealed. */
    :: atomic { redeemer == me && status == released -> told = true; begun++; assert(begun <= 1) }
    :: atomic { status != supervised && (status != released || redeemer != 0) && redeemer != me -> break }
    :: atomic { redeemer == me && status != released -> break }
    :: atomic { mine != permit -> mine = 0 } /* goes and collects a fresh one */
    :: collectLate -> break
    fi
  :: told || (status != supervised && status != released) -> break
  od
}

/* A human, who says one thing once; a freeze that comes and goes; time. */
active proctype Human() { if :: saidYes = true :: saidNo = true :: skip fi }
active proctype Freezer() { frozen = true; frozen = false }
active proctype Clock() {
  decisionLate = true;
  collectLate = true;
  reportLate = true
}

init { atomic { run Engine(); run Engine(); run Executor(1); run Executor(2) } }

/* What an auditor reads off the records. */
#define BEGUN (redeemer != 0)
ltl honest {
  [] ((status == executed || status == failed || status == unreported) -> BEGUN) &&
  [] ((status == lapsed || status == refused || status == expired || status == cancelled) -> !BEGUN) &&
  [] (BEGUN -> (permit > 0 && redeemed == permit && saidYes)) &&
  [] (permit > 0 -> saidYes)
}
