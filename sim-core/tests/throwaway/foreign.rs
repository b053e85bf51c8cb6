//! An adapter around somebody else's state machine, which can be neither copied nor hashed, takes a
//! generator for its randomness and calls back through a trait of its own.

use rand_chacha::rand_core::Rng;
use sim_core::client::NoClient;
use sim_core::protocol::{Cluster, Never};
use sim_core::{Context, NodeId, Protocol, Seat, Setup, Simulation};

use crate::common::*;

/// A library's rumour spreader, as it comes.
mod library {
    use super::Rng;

    pub(crate) struct Spreader {
        rumours: Vec<Box<str>>,
        on_news: Box<dyn FnMut(&str)>,
    }

    pub(crate) trait Outbox {
        fn post(&mut self, to: usize, wire: &[u8]);
        fn wake_in_millis(&mut self, millis: u64);
    }

    impl Spreader {
        pub(crate) fn new(on_news: Box<dyn FnMut(&str)>) -> Self {
            Self { rumours: Vec::new(), on_news }
        }

        pub(crate) fn hear(&mut self, wire: &[u8]) {
            let rumour = std::str::from_utf8(wire).unwrap();
            if !self.rumours.iter().any(|known| **known == *rumour) {
                (self.on_news)(rumour);
                self.rumours.push(rumour.into());
            }
        }

        pub(crate) fn tick(&mut self, peers: usize, rng: &mut impl Rng, out: &mut impl Outbox) {
            let lucky = rng.next_u64() as usize % peers;
            self.rumours.iter().for_each(|rumour| out.post(lucky, rumour.as_bytes()));
            out.wake_in_millis(5);
        }
    }
}

struct Adapter(library::Spreader);

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a spreader")
    }
}

struct Outbox<'a>(&'a mut Context<Adapter>);

impl library::Outbox for Outbox<'_> {
    fn post(&mut self, to: usize, wire: &[u8]) {
        let peer = self.0.peers().get(to);
        self.0.send(peer, wire.to_vec());
    }
    fn wake_in_millis(&mut self, millis: u64) {
        self.0.set_timer((), ms(millis));
    }
}

impl Protocol for Adapter {
    type Config = ();
    type Message = Vec<u8>;
    type Timer = ();
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(_: NodeId, _: &Cluster<()>) -> Self {
        Self(library::Spreader::new(Box::new(|_| HEARD.set(HEARD.get() + 1))))
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        if cx.me() == NodeId(0) {
            self.0.hear(b"the king is dead");
        }
        self.on_timer(cx, ());
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, (): ()) {
        let mut rng = cx.entropy();
        self.0.tick(cx.peers().len(), &mut rng, &mut Outbox(cx));
    }

    fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, wire: Vec<u8>) {
        self.0.hear(&wire);
    }
}

thread_local! {
    static HEARD: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

#[test]
fn a_foreign_state_machine_runs_and_is_reproducible() {
    let run = |seed| {
        HEARD.set(0);
        let setup = Setup::new(seed, world(6, ms(1), 200), Cluster::new(vec![(); 6]));
        let mut run = Simulation::<Adapter, NoClient>::new(setup);
        run.run();
        assert_eq!(run.violation(), None);
        assert!(run.process(Seat(5)).is_some());
        (HEARD.get(), run.fingerprint())
    };
    assert_eq!(run(1).0, 6, "everybody heard it, once");
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).1, run(2).1, "whom it tells is drawn from the seed");
}
