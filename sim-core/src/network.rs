//! The network: which messages arrive, and when.
//!
//! It knows endpoints by number and reads nothing that they send (rule 9). A message's fate depends on
//! its link, the time at which it is sent and its position among what is sent over that link at that
//! instant, and on nothing else (rule 6).

use crate::chance::{Chance, Delay};
use crate::rng::Key;
use crate::time::{Duration, Time};
use crate::world::{Endpoint, LinkSettings, NetworkSettings};

/// An endpoint by number: the seats first, then the clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Port(pub(crate) u32);

/// What becomes of a message.
///
/// ```
/// use sim_core::{Duration, Fate};
///
/// /// How often something that is sent arrives.
/// fn arrivals(fate: Fate) -> u32 {
///     match fate {
///         Fate::Cut | Fate::Lost => 0,
///         Fate::Arrives { copy, .. } => 1 + u32::from(copy.is_some()),
///     }
/// }
/// let ms = Duration::from_millis;
/// assert_eq!(arrivals(Fate::Arrives { after: ms(1), copy: Some(ms(4)) }), 2);
/// assert_eq!(arrivals(Fate::Lost), 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The link is cut.
    Cut,
    /// It gets lost.
    Lost,
    /// It arrives.
    Arrives {
        /// After this long.
        after: Duration,
        /// And once more, after this long.
        copy: Option<Duration>,
    },
}

/// Whether a message that is due may arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Passage {
    Open,
    Cut,
    Held,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    pub(crate) from: Port,
    pub(crate) to: Port,
}

/// What draws are about, under the key of a message.
const LOSS: u64 = 1;
const DUPLICATE: u64 = 2;
const COPY: u64 = 3;
const REORDER: u64 = 4;

/// How many messages a sender sent to each receiver at this instant: what tells them apart (rule 6).
#[derive(Default)]
pub(crate) struct Positions {
    /// By receiver: when it was last sent something, and how much at that instant.
    sent: Vec<(Time, u32)>,
}

impl Positions {
    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.sent.clear();
    }

    /// The position of the next message to a receiver, from one.
    #[inline(always)]
    pub(crate) fn next(&mut self, now: Time, to: Port) -> u32 {
        match self.sent.get_mut(to.0 as usize) {
            Some((at, count)) if *at == now => {
                *count += 1;
                *count
            }
            Some(last) => {
                *last = (now, 1);
                1
            }
            None => self.first_to(now, to),
        }
    }

    #[cold]
    fn first_to(&mut self, now: Time, to: Port) -> u32 {
        self.sent.resize(to.0 as usize + 1, (now, 0));
        self.sent[to.0 as usize].1 = 1;
        1
    }
}

pub(crate) struct Network {
    key: Key,
    seats: u32,
    settings: NetworkSettings,
    /// Whether every link is the default one.
    uniform: bool,
    /// Whether nothing can happen to a message but that it takes its time: every link is the default
    /// one, which loses, copies and reorders nothing, and no fault disturbs any.
    calm: bool,
    /// Whether somebody looks at each message.
    shown: bool,
    disturbances: Vec<Disturbance>,
}

/// A fault of the network while it lasts.
struct Disturbance {
    fault: usize,
    kind: Kind,
    /// For each port its group, from one, or the sides it is on; zero if it is in none.
    member: Vec<u16>,
}

enum Kind {
    Partition,
    Cut,
    Clog,
    Changed(LinkSettings),
    /// Whatever is sent arrives so much later. No matter of the network: a liar does it.
    Late(Duration),
}

const FROM: u16 = 1;
const TO: u16 = 2;

impl Network {
    pub(crate) fn new(key: Key, seats: u32, settings: &NetworkSettings) -> Self {
        let uniform = settings.overrides.is_empty() && settings.regions.latency.is_empty();
        let settings = settings.clone();
        let mut network = Self {
            key,
            seats,
            settings,
            uniform,
            calm: false,
            shown: false,
            disturbances: Vec::new(),
        };
        network.look_whether_calm();
        network
    }

    /// From here on fates are drawn from another key.
    pub(crate) const fn draw_from(&mut self, key: Key) {
        self.key = key;
    }

    fn look_whether_calm(&mut self) {
        let LinkSettings { loss, duplicate, reorder, .. } = self.settings.link;
        let dangers = [loss, duplicate, reorder];
        self.calm = self.uniform
            && !self.shown
            && self.disturbances.is_empty()
            && dangers.into_iter().all(Chance::is_never);
    }

    /// Somebody looks at each message before it is on its way: none takes the short one.
    pub(crate) fn shows_everything(&mut self) {
        self.shown = true;
        self.look_whether_calm();
    }

    pub(crate) fn port(&self, endpoint: Endpoint) -> Port {
        match endpoint {
            Endpoint::Seat(seat) => Port(seat.0),
            Endpoint::Client(client) => Port(self.seats + client.0),
        }
    }

    /// How long a message sent now takes, if nothing else can happen to it.
    #[inline(always)]
    pub(crate) fn calm_delay(&self, link: Link, now: Time, position: u32) -> Option<Duration> {
        if !self.calm {
            return None;
        }
        let mut draw = self.message(link, now, position).draw();
        Some(self.settings.link.latency.draw(&mut draw))
    }

    /// What becomes of a message sent now.
    #[inline(never)]
    pub(crate) fn fate(&self, link: Link, now: Time, position: u32) -> Fate {
        match self.passage(link) {
            Passage::Cut => Fate::Cut,
            _ => {
                let fate =
                    self.fate_over(&self.settings_of(link), self.message(link, now, position));
                if self.disturbances.is_empty() { fate } else { self.delayed(link, fate) }
            }
        }
    }

    /// What the draws about a message start from.
    #[inline(always)]
    fn message(&self, link: Link, now: Time, position: u32) -> Key {
        // Twenty bits for an endpoint and 24 for a position keep them apart in any run that fits.
        let place = u64::from(link.from.0) << 44 ^ u64::from(link.to.0) << 24 ^ u64::from(position);
        self.key.about_both(place, now.as_nanos())
    }

    fn fate_over(&self, settings: &LinkSettings, message: Key) -> Fate {
        if happens(message, LOSS, settings.loss) {
            return Fate::Lost;
        }
        let mut after = settings.latency.draw(&mut message.draw());
        if happens(message, REORDER, settings.reorder) {
            after = Duration::from_nanos(after.as_nanos().saturating_mul(10));
        }
        let copy = happens(message, DUPLICATE, settings.duplicate)
            .then(|| settings.latency.draw(&mut message.about(COPY).draw()));
        Fate::Arrives { after, copy }
    }

    fn delayed(&self, link: Link, fate: Fate) -> Fate {
        let Fate::Arrives { after, copy } = fate else { return fate };
        let late = self.disturbances.iter().filter_map(|disturbance| match disturbance.kind {
            Kind::Late(late) if disturbance.covers(link) => Some(late),
            _ => None,
        });
        let late = late.fold(Duration::ZERO, Duration::saturating_add);
        let later = |length: Duration| length.saturating_add(late);
        Fate::Arrives { after: later(after), copy: copy.map(later) }
    }

    /// Whether a message that is due gets through: what is in flight when a cut begins is lost too.
    #[inline(always)]
    pub(crate) fn passage(&self, link: Link) -> Passage {
        if self.disturbances.is_empty() { Passage::Open } else { self.disturbed_passage(link) }
    }

    #[inline(never)]
    fn disturbed_passage(&self, link: Link) -> Passage {
        let mut passage = Passage::Open;
        for disturbance in &self.disturbances {
            match disturbance.kind {
                Kind::Partition if disturbance.separates(link) => return Passage::Cut,
                Kind::Cut if disturbance.covers(link) => return Passage::Cut,
                Kind::Clog if disturbance.covers(link) => passage = Passage::Held,
                _ => {}
            }
        }
        passage
    }

    pub(crate) fn partition(&mut self, fault: usize, groups: &[Vec<Endpoint>]) {
        let mut member = Vec::new();
        for (group, ports) in (1..).zip(groups) {
            ports.iter().for_each(|&endpoint| mark(&mut member, self.port(endpoint), group));
        }
        self.begin(Disturbance { fault, kind: Kind::Partition, member });
    }

    pub(crate) fn cut(&mut self, fault: usize, from: &[Endpoint], to: &[Endpoint]) {
        self.disturb(fault, Kind::Cut, from, to);
    }

    pub(crate) fn clog(&mut self, fault: usize, from: &[Endpoint], to: &[Endpoint]) {
        self.disturb(fault, Kind::Clog, from, to);
    }

    pub(crate) fn change(
        &mut self,
        fault: usize,
        from: &[Endpoint],
        to: &[Endpoint],
        link: LinkSettings,
    ) {
        self.disturb(fault, Kind::Changed(link), from, to);
    }

    pub(crate) fn delay(
        &mut self,
        fault: usize,
        from: &[Endpoint],
        to: &[Endpoint],
        late: Duration,
    ) {
        self.disturb(fault, Kind::Late(late), from, to);
    }

    /// Ends a disturbance.
    pub(crate) fn end(&mut self, fault: usize) {
        self.disturbances.retain(|disturbance| disturbance.fault != fault);
        self.look_whether_calm();
    }

    /// Ends all of them but what liars do.
    pub(crate) fn heal(&mut self) {
        self.disturbances.retain(|disturbance| matches!(disturbance.kind, Kind::Late(_)));
        self.look_whether_calm();
    }

    fn disturb(&mut self, fault: usize, kind: Kind, from: &[Endpoint], to: &[Endpoint]) {
        let mut member = Vec::new();
        from.iter().for_each(|&endpoint| mark(&mut member, self.port(endpoint), FROM));
        to.iter().for_each(|&endpoint| mark(&mut member, self.port(endpoint), TO));
        self.begin(Disturbance { fault, kind, member });
    }

    fn begin(&mut self, disturbance: Disturbance) {
        self.disturbances.push(disturbance);
        self.look_whether_calm();
    }

    fn settings_of(&self, link: Link) -> LinkSettings {
        let changed =
            self.disturbances.iter().rev().find_map(|disturbance| match disturbance.kind {
                Kind::Changed(settings) if disturbance.covers(link) => Some(settings),
                _ => None,
            });
        if let Some(settings) = changed {
            return settings;
        }
        if self.uniform {
            return self.settings.link;
        }
        let ends = (self.endpoint(link.from), self.endpoint(link.to));
        if let Some(&settings) = self.settings.overrides.get(&ends) {
            return settings;
        }
        LinkSettings { latency: self.latency_between(link), ..self.settings.link }
    }

    fn latency_between(&self, link: Link) -> Delay {
        let regions = &self.settings.regions;
        let region = |port: Port| regions.of.get(port.0 as usize).copied().flatten();
        let between = region(link.from).zip(region(link.to));
        let latency = between.and_then(|ends| regions.latency.get(&ends));
        latency.copied().unwrap_or(self.settings.link.latency)
    }

    const fn endpoint(&self, port: Port) -> Endpoint {
        match port.0.checked_sub(self.seats) {
            None => Endpoint::Seat(crate::id::Seat(port.0)),
            Some(client) => Endpoint::Client(crate::id::ClientId(client)),
        }
    }
}

impl Disturbance {
    fn member(&self, port: Port) -> u16 {
        self.member.get(port.0 as usize).copied().unwrap_or(0)
    }

    fn separates(&self, link: Link) -> bool {
        let (from, to) = (self.member(link.from), self.member(link.to));
        from != to && from != 0 && to != 0
    }

    fn covers(&self, link: Link) -> bool {
        self.member(link.from) & FROM != 0 && self.member(link.to) & TO != 0
    }
}

fn mark(member: &mut Vec<u16>, port: Port, with: u16) {
    let port = port.0 as usize;
    if member.len() <= port {
        member.resize(port + 1, 0);
    }
    member[port] |= with;
}

/// A danger that is absent draws nothing (rule 6).
#[inline]
fn happens(message: Key, what: u64, chance: Chance) -> bool {
    !chance.is_never() && message.about(what).draw().chance(chance)
}
