//! Stories of small runs on the real engine, as a person reads them.

mod fixture;
mod golden;

use fixture::*;

fn everything() -> StoryOptions {
    StoryOptions { everything: true, ..StoryOptions::default() }
}

/// A partition, and a crash with a restart.
fn troubled() -> World {
    let groups = vec![seats(&[0, 1]), seats(&[2])];
    let crash = FaultKind::Crash { seats: vec![Seat(1)], mid_step: false };
    let faults =
        vec![fault(20, Some(60), FaultKind::Partition { groups }), fault(71, Some(90), crash)];
    World { faults, ..world() }
}

/// Every link is bad in a way of its own.
fn lossy() -> World {
    let link = |loss, duplicate| LinkSettings {
        latency: Delay::Fixed(Duration::from_micros(1_500)),
        loss: Chance::from_percent(loss),
        duplicate: Chance::from_percent(duplicate),
        reorder: Chance::NEVER,
    };
    let fault = |to, link| {
        let kind = FaultKind::Link { from: seats(&[0]), to: seats(&[to]), link };
        fault(1, Some(50), kind)
    };
    World { faults: vec![fault(1, link(100, 0)), fault(2, link(0, 100))], ..world() }
}

#[test]
fn what_does_not_just_arrive_is_said_where_it_is_sent() {
    let told = run(lossy(), vec![ask(5, 0, Request::Put(1))], everything());
    assert!(told.contains("Copy { value: 1 } (B lost, C twice)\n"), "{told}");
    assert!(told.contains("1.000ms  A -> B: latency 1.500ms, loss 100% ──"), "{told}");
    assert!(told.contains("50.000ms  A -> C: as before ──"), "{told}");
    let script = vec![ask(30, 2, Request::Put(7))];
    assert!(run(troubled(), script, everything()).contains("=> A      c1#1 again (cut)\n"));
}

#[test]
fn what_waits_or_comes_too_late_is_said_where_it_would_have_arrived() {
    let clog = FaultKind::Clog { from: seats(&[0]), to: seats(&[1]) };
    let cut = FaultKind::Cut { from: seats(&[0]), to: seats(&[2]) };
    let faults = vec![fault(4, Some(20), clog), fault(7, Some(20), cut)];
    let told = run(World { faults, ..world() }, vec![ask(5, 0, Request::Put(1))], everything());
    let lines = [
        "  8.000ms  B backup   x  A      Copy { value: 1 }: held until the link is free\n",
        "  8.000ms  C backup   x  A      Copy { value: 1 }: the link was cut meanwhile\n",
        "───── 20.000ms  A -> B is free: what waited arrives ───",
        " 20.000ms  B backup   <- A      Copy { value: 1 }\n",
    ];
    for line in lines {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
}

#[test]
fn a_crash_in_a_step_says_how_far_it_came_and_a_restart_what_is_left() {
    let crash = FaultKind::Crash { seats: vec![Seat(1)], mid_step: true };
    let refuses = FaultKind::DiskFails { seats: vec![Seat(0)] };
    let faults = vec![fault(2, Some(20), crash), fault(30, Some(40), refuses)];
    let script = vec![ask(5, 0, Request::Put(1)), ask(31, 0, Request::Put(2))];
    let told = run(World { faults, ..world() }, script, everything());
    let lines = [
        "───── 2.000ms  crash B in the midst of its next step ───",
        "                      crash     after ",
        ": the rest never happens\n",
        " 20.000ms  B backup   restart   finds ",
        "                      warning   was down\n",
        " 32.000ms  A primary  crash     the disk refused, after ",
        "───── 40.000ms  the disk of A works again ───",
        " 40.000ms  A primary  restart   finds on its disk Value(1)\n",
    ];
    for line in lines {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
}

#[test]
fn an_operation_that_nobody_answers_is_unknown_and_one_that_was_refused_is_not() {
    let faults = vec![fault(1, None, FaultKind::Leave { seats: vec![Seat(0)] })];
    let mut world = World { faults, ..world() };
    world.clients.timeout = Duration::from_millis(40);
    world.clients.retry = Duration::from_millis(15);
    let told = run(world, vec![ask(5, 0, Request::Get)], everything());
    assert!(told.contains("  5.000ms  A down     x  c1     c1#1 Get: A is down\n"), "{told}");
    assert!(told.contains(" 20.000ms  c1         => B      c1#1 again\n"), "{told}");
    assert!(told.contains("unknown   c1#1 Get: no answer in 40ms, it may yet be done\n"), "{told}");
}

#[test]
fn colours_change_nothing_but_colours() {
    let script = || vec![ask(5, 0, Request::Put(41)), ask(68, 0, Request::Put(13))];
    for world in [troubled(), lossy()] {
        let plain = run(world.clone(), script(), everything());
        let colored = run(world, script(), StoryOptions { color: true, ..everything() });
        assert!(colored.contains("\x1b[33m"), "faults are yellow");
        assert!(colored.contains("\x1b[31m"), "violations are red");
        let told = without_colors(&colored);
        let legend = "           turn  fault  answered  not answered  violated  detail\n";
        assert_eq!(told.replacen(legend, "", 1), plain);
        assert!(told.contains(legend), "{told}");
    }
}

#[test]
fn no_line_is_wider_than_the_page_whatever_the_names() {
    let long = |name: &str| name.repeat(9);
    let names = [
        Names::letters(3),
        Names::new(vec![long("datacentre-"), long("node "), "ünïcödé-".repeat(4)]),
    ];
    let script = || vec![ask(5, 0, Request::Put(41)), ask(68, 2, Request::Put(13))];
    for names in &names {
        for width in [50, 80, 120] {
            for world in [troubled(), lossy()] {
                let options = StoryOptions { width, ..everything() };
                let told = run_as(names, world, script(), options);
                let longest = told.lines().map(|line| line.chars().count()).max();
                assert!(longest <= Some(width), "{longest:?} columns of {width}:\n{told}");
                assert!(told.lines().all(|line| line.trim_end() == line), "no blanks at an end");
            }
        }
    }
}

#[test]
fn of_a_long_run_the_last_events_before_a_violation_are_told_and_the_faults() {
    let script = |last| {
        let mut script: Vec<_> = (0..11).map(|n| ask(2 + 8 * n, 0, Request::Put(n))).collect();
        script.push(ask(90, 0, Request::Put(last)));
        script
    };
    let told = run(troubled(), script(13), StoryOptions::default());
    assert!(told.contains("        ⋮  26 events\n───── 20.000ms  partition A,B | C ─"), "{told}");
    assert!(!told.contains("Copy { value: 0 }"), "{told}");
    assert!(told.contains("VIOLATED  no_thirteen"), "{told}");
    let options = StoryOptions {
        around_violation: Some(Duration::from_millis(3)),
        ..StoryOptions::default()
    };
    let short = run(troubled(), script(13), options);
    assert!(short.lines().count() < 35, "{short}");
    assert!(short.contains(" 90.000ms  c1         => A      c1#12 Put(13)"), "{short}");
    let all = run(troubled(), script(13), everything());
    assert!(all.contains("Copy { value: 0 }") && !all.contains('⋮'), "{all}");
    let passed = run(troubled(), script(14), StoryOptions::default());
    let ending =
        "reached: copied 12\n(the plot of it; --all tells everything, and --help of other parts)\n";
    assert!(passed.ends_with(ending), "{passed}");
}

#[test]
fn a_history_is_judged_with_the_operations_that_are_at_fault() {
    let script = (0..9).map(|n| ask(2 + 11 * n, 0, Request::Put(n))).collect();
    let says = "key x is not linearizable: these 2 fit in no order (ms)\n  c1#2  13.000..19.000  \
                put 1  told   1\nno order lets c1#2 be told 1:\n";
    let told = tell(&Names::letters(3), world(), &world(), script, everything(), Some(says));
    assert!(told.contains("━━ VIOLATED: linearizable ━━━"), "{told}");
    assert!(told.contains("Judged at the end of the run.\n\nkey x"), "{told}");
    assert!(told.contains("\n  c1#2  13.000..19.000  put 1  told   1\n"), "as it was printed");
    let script = (0..9).map(|n| ask(2 + 11 * n, 0, Request::Put(n))).collect();
    let options = StoryOptions::default();
    let told = tell(&Names::letters(3), world(), &world(), script, options, Some(says));
    assert!(told.contains("c1#2 Put(1) = 1 after 6ms\n        ⋮  "), "it ends there\n{told}");
    assert!(!told.contains("c1#5 Put(4)"), "{told}");
}

#[test]
fn only_what_is_asked_for_is_told_and_the_faults() {
    let script = || vec![ask(5, 0, Request::Put(41)), ask(75, 0, Request::Get)];
    let options = |nodes: &[&str], kinds: &[&str]| StoryOptions {
        nodes: nodes.iter().map(ToString::to_string).collect(),
        kinds: kinds.iter().map(ToString::to_string).collect(),
        ..StoryOptions::default()
    };
    let told = run(troubled(), script(), options(&["C"], &[]));
    assert!(told.contains("C backup   <- A") && told.contains("-> *      Copy"), "{told}");
    assert!(told.contains("───── 71.000ms  crash B") && !told.contains("B backup   <-"), "{told}");
    let told = run(troubled(), script(), options(&["c1"], &[]));
    assert!(told.contains("c1         => A") && told.contains("A primary  <= c1#2"), "{told}");
    assert!(!told.contains("<- A"), "{told}");
    let told = run(troubled(), script(), options(&[], &["copied"]));
    assert!(told.contains("-> A      Copied") && told.contains("A busy     <- B"), "{told}");
    assert!(told.contains("reached   copied"), "with what came of it\n{told}");
    assert!(told.contains("── 20.000ms  partition A,B | C ─") && !told.contains("<= c1"), "{told}");
    let told = run(troubled(), script(), options(&["B"], &["timer"]));
    assert!(told.contains("timer     Again in 30ms") && !told.contains("-> *"), "{told}");
    let between = StoryOptions { from: Some(ms(6)), until: Some(ms(9)), ..StoryOptions::default() };
    let told = run(troubled(), script(), between);
    assert!(told.contains("\n  6.000ms") && told.contains("\n  9.000ms"), "{told}");
    assert!(!told.contains("\n  5.000ms") && !told.contains(" 11.000ms"), "{told}");
}

/// Where the columns begin, as the line over them says.
fn columns(told: &str) -> [usize; 3] {
    let legend = told.lines().find(|line| line.contains("from/to")).expect("a legend");
    ["who", "from/to", "what"].map(|title| legend.find(title).expect("its title"))
}

#[test]
fn columns_never_move() {
    let named = ["datacentre-frankfurt-1", "datacentre-dublin-22", "C"].map(String::from);
    let named = Names::new(named.into());
    for names in [Names::letters(3), named] {
        for end in [ms(100), Time::ZERO + Duration::from_secs(100 * 3_600)] {
            for width in [80, 120, 200] {
                let script = vec![ask(5, 0, Request::Put(41)), ask(68, 2, Request::Put(14))];
                let options = StoryOptions { width, states: States::All, ..everything() };
                let told = run_as(&names, World { end, ..troubled() }, script, options);
                let columns = columns(&told);
                let story = told.split("\n\n").nth(2).expect("what happened");
                for line in story.lines().filter(|line| !line.starts_with("──")) {
                    for begins in columns {
                        let before = line.chars().take(begins).skip(begins - 2);
                        let is_gap = before.collect::<String>().trim().is_empty();
                        assert!(is_gap, "{columns:?} of {width}: {line}\n{told}");
                    }
                }
            }
        }
    }
}

#[test]
fn of_a_run_that_broke_nothing_the_plot_is_told() {
    let script = || vec![ask(30, 2, Request::Put(7)), ask(68, 0, Request::Put(42))];
    let told = run(troubled(), script(), StoryOptions::default());
    for part in ["20.000ms  partition A,B | C ─", "90.000ms  restart B ─"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let lines = [
        " 30.000ms  c2         => C      c2#1 Put(7)\n",
        " 69.000ms  A primary  becomes   busy, was primary\n",
        " 71.000ms  B backup   crash     what was only in its memory is gone\n",
        " 74.000ms  A busy     note      a majority has it value=42\n",
        "                      reached   copied\n",
        "                      becomes   primary, was busy\n",
        " 74.000ms  c1         <= A      c1#1 Put(42) = 42 after 6ms\n",
        "                      warning   was down\n",
    ];
    for line in lines {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    for detail in ["timer", "disk ", "-> *", "<- A", "  A primary  start"] {
        assert!(!told.contains(detail), "{detail}: {told}");
    }
    // Of a run that broke something it is told only if asked for.
    let broken = || vec![ask(30, 2, Request::Put(7)), ask(68, 0, Request::Put(13))];
    let options = StoryOptions { plot: true, ..StoryOptions::default() };
    let told = run(troubled(), broken(), options);
    assert!(!told.contains("timer") && told.contains("VIOLATED  no_thirteen"), "{told}");
    assert!(told.contains("━━ VIOLATED: no_thirteen ━"), "{told}");
}

#[test]
fn a_state_is_told_before_and_after_each_step() {
    let script = || vec![ask(5, 0, Request::Put(41))];
    let told = run(world(), script(), StoryOptions { states: States::All, ..everything() });
    let lines = [
        "\
  0.000ms  A primary  start
                      knew      me A
                                value 0
                                copies 0
                                asked none
",
        "\
                      becomes   busy, was primary
                      changed   value 0 -> 41
                                asked none -> c1#1
",
        "\
                      => c1#1   41
                      becomes   primary, was busy
                      changed   copies 0 -> 1
                                asked c1#1 -> none
 11.000ms  A primary  <- C      Copied { value: 41 }
                      changed   copies 1 -> 2
",
    ];
    for part in lines {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let only_b = States::Of(vec!["B".into()]);
    let told = run(world(), script(), StoryOptions { states: only_b, ..everything() });
    assert_eq!(told.matches("knew").count(), 1, "{told}");
    assert_eq!(told.matches("changed").count(), 1, "{told}");
    let told = run(world(), script(), everything());
    assert!(!told.contains("knew") && !told.contains("changed"), "{told}");
    let wrong = StoryOptions { states: States::Of(vec!["c1".into()]), ..everything() };
    let why = wrong.check(&Names::letters(3), 3, &[]).expect_err("clients have no state to tell");
    assert!(why.starts_with("no node is called `c1`"), "{why}");
}

#[test]
fn who_asks_for_what_does_not_exist_is_told_what_does() {
    let check = |nodes: &[&str], kinds: &[&str]| {
        let options = StoryOptions {
            nodes: nodes.iter().map(ToString::to_string).collect(),
            kinds: kinds.iter().map(ToString::to_string).collect(),
            ..StoryOptions::default()
        };
        options.check(&Names::letters(3), 3, &["Copy", "Copied"])
    };
    assert_eq!(check(&["A", "n2", "c3"], &["Copy", "disk", "TIMER", "start", "violation"]), Ok(()));
    assert_eq!(
        check(&["D"], &[]),
        Err("no node or client is called `D`: the nodes are A, B and C; the clients are c1 to c3"
            .into())
    );
    assert!(check(&["n3"], &[]).is_err());
    assert!(check(&["c4"], &[]).is_err() && check(&["c0"], &[]).is_err());
    let message = check(&[], &["Copyed"]).expect_err("there is none");
    assert!(message.starts_with("no line of a story is of the kind `Copyed`: did you mean"));
    let backwards = StoryOptions { from: Some(ms(2)), until: Some(ms(1)), ..everything() };
    assert!(backwards.check(&Names::letters(3), 3, &[]).is_err());
}

#[test]
fn a_swarm_begins_with_what_its_seed_drew() {
    let mut drawn = troubled();
    drawn.nodes = 5;
    drawn.disk.fsync = Delay::Fixed(Duration::from_nanos(2_345_678));
    let told = tell(&Names::letters(3), drawn, &world(), Vec::new(), everything(), None);
    let expected = "\
seed 7: A, B, C, D, E, for 100ms

this seed drew
  nodes   5
  links   latency 2ms
  disks   fsync 2.345ms
  20.000ms  partition A,B | C, until 60.000ms
  71.000ms  crash B, until 90.000ms

";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn headlines_name_nodes_as_protocols_do() {
    let headlines = headlines(world(), vec![ask(5, 0, Request::Put(41))]);
    let expected = [
        "n0 start",
        "c1 asks c1#1 Put(41)",
        "n0 <= c1#1 Put(41)",
        "n0 disk durable",
        "n1 <- n0 Copy { value: 41 }",
    ];
    for headline in expected {
        assert!(headlines.iter().any(|line| line.trim() == headline), "{headlines:?}");
    }
}
