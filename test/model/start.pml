/*
 * The beginning of an action, from its request to its sealed verdict, as a model: `spin -run test/model/start.pml`. What follows a verdict
 * is in life.pml.
 *
 * Two processes are asked for one key, as a caller asks that had no answer. Each of them, and the workflow's task, may die after any of
 * its writes, and a start may be persisted though its answer is lost. Each write is one of docs/action-cycle.md, and each transition names
 * its function. A process that is asked reads, judges and signs beside the start, and writes behind its acknowledgment: a limit is taken of
 * as it was counted early, if it still is so. Where it is alone, it writes all of that in one open transaction beside the start, whose commit
 * alone waits for the acknowledgment, and whose locks keep out whoever writes of the same. Others take of the same limit at any moment.
 *
 * Whatever dies: one verdict is sealed, whoever is answered is answered with it, nobody is whose start is not acknowledged, nothing is
 * written of what was not started, and no more is taken of a limit than there is. A repeat is judged at once; without one, the workflow
 * judges when its delay is over.
 */
#define APPROVE 1
#define REFUSE 2
#define DEATHS 3
#define MAX 1              /* what there is of the limit: each takes one */
#define USED (taken - reserved) /* by others */

/* What is durable. */
bool started = false;      /* 1: Temporal has the workflow, its first task delayed */
bool payload = false;      /* 2: what was asked, under a key of its own */
byte judgement = 0;        /* 3: the judgement, with what it took of a limit */
byte reserved = 0;         /* how often the action took of a limit */
byte taken = 0;            /* what it and others took of it */
byte sealed = 0;           /* 4: the verdict's record */

/* Whose transaction is open beside its start, 0 for nobody's. It has the locks of the limit, the payload's row and the log's head. */
byte holder = 0;
#define FREE (holder == 0)

/* What is so beside it. */
bool limited = false;      /* policy asks a limit; without one a judgement is not kept, and two may differ */
bool woken = false;        /* the workflow was woken by an update that its validator refuses */
bool late = false;         /* the delay of the first task is over */
byte answer = 0;           /* what the first who was answered was told */
byte deaths = 0;

/* The process goes on, or dies here. */
#define GO_ON(dead) if :: skip :: atomic { deaths < DEATHS -> deaths++ }; goto dead fi

/* One judgement, or another: facts may have changed meanwhile. By a limit, what is left of it says. */
#define JUDGE(mine) \
  if \
  :: limited -> mine = (USED < MAX -> APPROVE : REFUSE) \
  :: else -> if :: mine = APPROVE :: mine = REFUSE fi \
  fi

/*
 * judge: src/engine/judge.ts. Each write is found and used where it is there; `early` is 0 where nothing was judged beside the start.
 * limits.take where `seen`, by which `early` was judged, still is so; limits.decide else (src/store/limits.ts). Both under its locks.
 */
#define WRITES(mine, early, seen, dead) \
  atomic { FREE -> assert(started); payload = true }; GO_ON(dead); \
  if \
  :: limited -> \
     atomic { \
       FREE; \
       if \
       :: judgement == 0 -> \
          if :: early != 0 && seen == USED -> judgement = early :: else -> JUDGE(judgement) fi; \
          if :: judgement == APPROVE -> reserved++; taken++ :: else fi \
       :: else \
       fi; \
       mine = judgement; early = 0; seen = 0 \
     }; \
     GO_ON(dead) \
  :: else -> JUDGE(mine) \
  fi; \
  atomic { FREE; if :: sealed == 0 -> sealed = mine :: else fi; mine = sealed }; \
  GO_ON(dead)

/* LogWriter.hold: src/sequencer/sequencer.ts. 2, 3 and 4 in one transaction; nobody could write of it since it was looked at. */
#define COMMIT \
  assert(started); \
  payload = true; \
  if :: limited -> judgement = early; if :: early == APPROVE -> reserved++; taken++ :: else fi :: else fi; \
  sealed = early; \
  holder = 0

/* Rolled back: by the process, or by the database that lost it. */
#define ROLLBACK if :: holder == _pid -> holder = 0 :: else fi

/* createStarter: src/gateway/request.ts */
proctype Asked() {
  byte mine = 0;
  byte early = 0;
  byte seen = 0;
  bool acknowledged = false;
  /* heldBack: src/engine/held-back.ts. Without a limit it makes no difference when. */
  if :: atomic { limited -> seen = USED; JUDGE(early) } :: else -> JUDGE(early) fi;
  if
  :: atomic { FREE && !payload && judgement == 0 && sealed == 0 && (!limited || seen == USED) -> holder = _pid }
  :: skip /* not alone */
  fi;
  if
  :: atomic { !started -> started = true; acknowledged = true }
  :: atomic { !started && deaths < DEATHS -> started = true; deaths++ }; goto dead /* persisted, and the answer was lost */
  :: atomic { deaths < DEATHS -> deaths++ }; goto dead /* failed */
  :: atomic { started -> acknowledged = true; ROLLBACK }; /* by whoever was asked before: it answers what is sealed */
     woken = true;
     if :: atomic { sealed != 0 -> mine = sealed }; goto answers :: goto dead /* told to ask again */ fi
  fi;
  GO_ON(dead);
  if
  :: holder == _pid ->
     if
     :: atomic { COMMIT; mine = sealed }; GO_ON(dead); goto answers
     :: atomic { COMMIT } /* and its answer was lost */
     :: atomic { ROLLBACK } /* acknowledged too late */
     fi
  :: else
  fi;
  WRITES(mine, early, seen, dead);
answers:
  atomic {
    assert(acknowledged && started && payload && sealed == mine);
    if :: answer == 0 -> answer = mine :: else -> assert(answer == mine) fi
  }
dead:
  atomic { ROLLBACK }
}

/* judging.judge: src/activities/judging.ts. A task that died is another worker's. */
proctype Workflow() {
  byte mine;
  byte early = 0;
  byte seen = 0;
end:
  started && (woken || late);
task:
  if
  :: sealed != 0 -> skip /* findJudged */
  :: else -> WRITES(mine, early, seen, task)
  fi;
  assert(sealed != 0)
}

/* The delay may be over, or not yet. Another action, of any process, takes of the limit under its locks. */
active proctype Meanwhile() {
  bool took = false;
  do
  :: !late -> late = true
  :: atomic { FREE && limited && !took && taken < MAX -> taken++; took = true }
  :: break
  od
}

init {
  if :: limited = true :: skip fi;
  atomic { run Workflow(); run Asked(); run Asked() }
}

/* The workflow of what was never started, or is not yet due, waits: that is no fault. */
ltl once { [] (reserved <= 1 && taken <= MAX) && [] (answer != 0 -> (started && sealed == answer)) }
ltl atonce { [] ((started && woken) -> <> (sealed != 0)) }
ltl bydelay { [] ((started && late) -> <> (sealed != 0)) }
