//! How a story begins: who takes part, and what the seed drew.

use sim_core::chance::Chance;
use sim_core::fault::{Fault, FaultKind};
use sim_core::trap::Trigger;
use sim_core::world::{Pace, World};
use sim_core::{Duration, Seat, Time};

use super::cast::Cast;
use super::words;
use crate::output::words::many;

/// The seed and who takes part and, if the seed drew its own world, what that is.
pub(super) fn lines(seed: u64, cast: &Cast, base: &World) -> Vec<String> {
    let world = &cast.world;
    let clients = match world.clients.count {
        0 => String::new(),
        1 => " and 1 client".into(),
        count => format!(" and {count} clients"),
    };
    let lasting = words::length(world.end.since(Time::ZERO));
    let mut lines = vec![format!("seed {seed}: {}{clients}, for {lasting}", cast.introduction())];
    if differs(world, base) {
        lines.extend(drawn(cast));
    }
    lines.push(String::new());
    lines
}

fn differs(world: &World, base: &World) -> bool {
    let clocks = |world: &World| (world.clocks.skew, world.clocks.drift_ppm);
    world.nodes != base.nodes
        || world.network.link != base.network.link
        || world.disk != base.disk
        || clocks(world) != clocks(base)
        || world.faults != base.faults
        || world.traps != base.traps
        || (world.core != base.core || world.safety_only)
        || (world.clients.keys, world.clients.pace) != (base.clients.keys, base.clients.pace)
}

fn drawn(cast: &Cast) -> Vec<String> {
    let world = &cast.world;
    let mut lines = vec![
        String::new(),
        "this seed drew".into(),
        format!("  nodes   {}", world.nodes),
        format!("  links   {}", words::travel(&world.network.link)),
        format!("  disks   {}", disks(world)),
    ];
    lines.extend(clocks(world).map(|clocks| format!("  clocks  {clocks}")));
    lines.extend(clients(world).map(|clients| format!("  clients {clients}")));
    lines.extend(hunts(world));
    lines.extend(calm(cast));
    let times = world.faults.iter().map(|fault| (fault, fault.at.to_string()));
    let times: Vec<(&Fault, String)> = times.collect();
    let column = times.iter().map(|(_, at)| at.len()).max().unwrap_or(0);
    for (fault, at) in times {
        let what = words::fault_begins(cast, fault);
        let until = match fault.until {
            Some(until) => format!(", until {until}"),
            None if matches!(fault.kind, FaultKind::Heal) => String::new(),
            None if fault.kind.has_an_end() => ", for ever".into(),
            None => String::new(),
        };
        lines.push(format!("  {at:>column$}  {what}{until}"));
    }
    if world.faults.is_empty() {
        lines.push("  no faults".into());
    }
    lines
}

fn clients(world: &World) -> Option<String> {
    let Pace::Closed { think } = world.clients.pace else { return None };
    let keys = world.clients.keys;
    (world.clients.count > 0).then(|| {
        format!("think {}, and ask about {}", words::delay(think), many(keys.into(), "key"))
    })
}

fn hunts(world: &World) -> impl Iterator<Item = String> + '_ {
    world.traps.iter().filter_map(|trap| match trap.when {
        Trigger::Role(role) => {
            let what = trap.blow.family().name();
            Some(format!(
                "  hunted  whoever becomes {role}: {what} after {}",
                words::delay(trap.after)
            ))
        }
        _ => None,
    })
}

fn calm(cast: &Cast) -> Option<String> {
    let world = &cast.world;
    if world.safety_only {
        return Some("  calm    nothing but safety is asked: more is broken than may be".into());
    }
    let seats: Vec<Seat> = world.core.iter().map(|node| Seat(node.0)).collect();
    (!seats.is_empty()).then(|| format!("  calm    {} must go on alone", cast.seats(&seats)))
}

fn disks(world: &World) -> String {
    let disk = &world.disk;
    let torn = (!disk.torn_write.is_never())
        .then(|| format!(", torn writes {}", words::share(disk.torn_write)));
    let kept = (disk.lose_unsynced != Chance::ALWAYS)
        .then(|| format!(", unsynced lost {}", words::share(disk.lose_unsynced)));
    let fsync = words::delay(disk.fsync);
    format!("fsync {fsync}{}{}", kept.unwrap_or_default(), torn.unwrap_or_default())
}

fn clocks(world: &World) -> Option<String> {
    let (_, skew) = world.clocks.skew;
    let (_, drift) = world.clocks.drift_ppm;
    let skew = (skew != Duration::ZERO).then(|| format!("up to {} off", words::length(skew)));
    let drift = (drift > 0).then(|| format!("drifting up to {drift}ppm"));
    let both: Vec<String> = [skew, drift].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join(", "))
}
