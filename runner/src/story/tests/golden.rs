//! Whole stories, as they are printed.

use super::*;

#[track_caller]
fn assert_story(told: &str, expected: &str) {
    let expected = expected.strip_prefix('\n').expect("it begins on a line of its own");
    assert!(told == expected, "the story is\n{told}");
}

#[test]
fn a_write_is_followed_from_its_client_to_every_disk_and_back() {
    let told = run(world(), vec![ask(5, 0, Request::Put(41))], everything());
    assert_story(
        &told,
        "
seed 7: A, B, C, for 100ms

     time  who        from/to   what (<- -> nodes, <= => clients, * others)

  0.000ms  A primary  start
  0.000ms  B backup   start
  0.000ms  C backup   start
  5.000ms  c1         => A      c1#1 Put(41)
  5.000ms  A primary  <= c1#1   Put(41)
                      disk      Value(41)
                      disk      waits until that is durable
  6.000ms  A primary  disk      durable: the step of 5.000ms goes on
                      -> *      Copy { value: 41 }
                      timer     Again in 30ms
                      becomes   busy, was primary
  8.000ms  B backup   <- A      Copy { value: 41 }
                      disk      Value(41)
                      disk      waits until that is durable
  8.000ms  C backup   <- A      Copy { value: 41 }
                      disk      Value(41)
                      disk      waits until that is durable
  9.000ms  B backup   disk      durable: the step of 8.000ms goes on
                      -> A      Copied { value: 41 }
  9.000ms  C backup   disk      durable: the step of 8.000ms goes on
                      -> A      Copied { value: 41 }
 11.000ms  A busy     <- B      Copied { value: 41 }
                      note      a majority has it value=41
                      reached   copied
                      timer     Again cancelled
                      => c1#1   41
                      becomes   primary, was busy
 11.000ms  A primary  <- C      Copied { value: 41 }
 11.000ms  c1         <= A      c1#1 Put(41) = 41 after 6ms

passed: 100ms, 13 events
reached: copied 1
",
    );
}

#[test]
fn faults_stand_across_the_page_with_what_they_do_below() {
    let script = vec![ask(30, 2, Request::Put(7)), ask(68, 0, Request::Put(42))];
    let told = run(troubled(), script, everything());
    assert_story(
        &told,
        "
seed 7: A, B, C, for 100ms

     time  who        from/to   what (<- -> nodes, <= => clients, * others)

  0.000ms  A primary  start
  0.000ms  B backup   start
  0.000ms  C backup   start
───── 20.000ms  partition A,B | C ──────────────────────────────────────────────
 30.000ms  c2         => C      c2#1 Put(7)
 30.000ms  C backup   <= c2#1   Put(7)
                      => c2#1   not I: ask A
 30.000ms  c2         <= C      c2#1 not I: ask A
                      => A      c2#1 again (cut)
───── 60.000ms  heal A,B | C ───────────────────────────────────────────────────
 68.000ms  c1         => A      c1#1 Put(42)
 68.000ms  A primary  <= c1#1   Put(42)
                      disk      Value(42)
                      disk      waits until that is durable
 69.000ms  A primary  disk      durable: the step of 68.000ms goes on
                      -> *      Copy { value: 42 }
                      timer     Again in 30ms
                      becomes   busy, was primary
───── 71.000ms  crash B ────────────────────────────────────────────────────────
 71.000ms  B backup   crash     what was only in its memory is gone
 71.000ms  B down     x  A      Copy { value: 42 }: B is down
 71.000ms  C backup   <- A      Copy { value: 42 }
                      disk      Value(42)
                      disk      waits until that is durable
 72.000ms  C backup   disk      durable: the step of 71.000ms goes on
                      -> A      Copied { value: 42 }
 74.000ms  A busy     <- C      Copied { value: 42 }
                      note      a majority has it value=42
                      reached   copied
                      timer     Again cancelled
                      => c1#1   42
                      becomes   primary, was busy
 74.000ms  c1         <= A      c1#1 Put(42) = 42 after 6ms
───── 90.000ms  restart B ──────────────────────────────────────────────────────
 90.000ms  B backup   restart   finds nothing on its disk
                      warning   was down

passed: 100ms, 18 events, 2 faults
reached: copied 1
",
    );
}

#[test]
fn a_violation_cannot_be_overlooked() {
    let told = run(world(), vec![ask(5, 0, Request::Put(13))], StoryOptions::default());
    assert_story(
        &told,
        "
seed 7: A, B, C, for 100ms

     time  who        from/to   what (<- -> nodes, <= => clients, * others)

  0.000ms  A primary  start
  0.000ms  B backup   start
  0.000ms  C backup   start
  5.000ms  c1         => A      c1#1 Put(13)
  5.000ms  A primary  <= c1#1   Put(13)
                      disk      Value(13)
                      disk      waits until that is durable
  6.000ms  A primary  disk      durable: the step of 5.000ms goes on
                      -> *      Copy { value: 13 }
                      timer     Again in 30ms
                      becomes   busy, was primary
                      VIOLATED  no_thirteen

━━ VIOLATED: no_thirteen ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
A broke it at 6.000ms, in event 6.

n0 stores 13, which nobody may store, and which nobody who had read the rules of
this register would ever have asked it to store.
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
",
    );
}
