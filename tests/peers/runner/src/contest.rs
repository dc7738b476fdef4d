//! Several that do the same work, in turns: what disturbs the machine for a while disturbs all of them.

use crate::figures::{Figures, Metric};
use anyhow::Result;
use std::time::Duration;

/// What one round of one contestant gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Of the work alone.
    pub wall: Duration,
    /// Calls that were answered.
    pub calls: u64,
    /// Bytes of frames that came.
    pub bytes: u64,
    /// Half of the calls took no longer.
    pub p50: Duration,
    /// 99 of 100 calls took no longer.
    pub p99: Duration,
    /// CPU time in the host.
    pub host_cpu: Duration,
    /// CPU time in the plugin, where it can be told apart; in the host's otherwise.
    pub plugin_cpu: Option<Duration>,
}

/// Does so many calls.
pub type Run<'a> = Box<dyn FnMut(usize) -> Result<Sample> + 'a>;

/// One that takes part.
pub struct Contestant<'a> {
    /// Its case, where the cases of a work are what is compared.
    pub case: String,
    /// Its name.
    pub name: String,
    /// Does its part.
    pub run: Run<'a>,
}

/// How a work is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// That count; each contestant also runs beforehand, to become ready.
    pub rounds: usize,
    /// As many calls as take about this long make a round.
    pub target: Duration,
    /// Fewest calls of a round.
    pub least_calls: usize,
    /// Most calls of a round; 1 for works of one piece.
    pub most_calls: usize,
    /// What is written down.
    pub metrics: &'static [Metric],
}

/// Runs them in turns and writes down what they gave. One that fails is out, with its reason.
pub fn run(figures: &mut Figures, work: &'static str, plan: &Plan, contestants: Vec<Contestant<'_>>) {
    let mut ready = Vec::new();
    for mut contestant in contestants {
        match calls_of_a_round(plan, &mut contestant.run) {
            Ok(calls) => ready.push((contestant, calls)),
            Err(error) => figures.miss(work, &contestant.case, &contestant.name, format!("{error:#}")),
        }
    }
    for _ in 0..plan.rounds {
        ready.retain_mut(|(contestant, calls)| {
            let (case, name) = (&contestant.case, &contestant.name);
            match (contestant.run)(*calls) {
                Ok(sample) => {
                    for &metric in plan.metrics {
                        if let Some(value) = sample.value(metric) {
                            figures.add(work, case, name, metric, value);
                        }
                    }
                    true
                }
                Err(error) => {
                    figures.miss(work, case, name, format!("{error:#}"));
                    false
                }
            }
        });
    }
}

/// Makes a contestant ready, and sees how many calls it can do.
fn calls_of_a_round(plan: &Plan, run: &mut Run<'_>) -> Result<usize> {
    let few = plan.least_calls.clamp(1, plan.most_calls.max(1));
    let mut sample = run(few)?;
    if plan.most_calls > few {
        // The first was for caches, compilers and connections.
        sample = run(few)?;
    }
    let each = sample.wall.as_secs_f64() / few as f64;
    let fit = if each > 0.0 { plan.target.as_secs_f64() / each } else { plan.most_calls as f64 };
    Ok((fit as usize).clamp(few, plan.most_calls.max(few)))
}

impl Sample {
    /// A figure of it, where it has that.
    fn value(&self, metric: Metric) -> Option<f64> {
        let (wall, calls) = (self.wall.as_secs_f64(), self.calls as f64);
        let each = |cpu: Duration| (self.calls > 0).then(|| cpu.as_secs_f64() / calls);
        let a_second = |of: f64| (wall > 0.0).then(|| of / wall);
        match metric {
            Metric::P50 => Some(self.p50.as_secs_f64()),
            Metric::P99 => Some(self.p99.as_secs_f64()),
            Metric::Rate => a_second(calls),
            Metric::Cpu => each(self.host_cpu + self.plugin_cpu.unwrap_or_default()),
            Metric::HostCpu => self.plugin_cpu.and_then(|_| each(self.host_cpu)),
            Metric::PluginCpu => self.plugin_cpu.and_then(each),
            Metric::Bytes => a_second(self.bytes as f64).filter(|_| self.bytes > 0),
            Metric::Time => Some(wall),
            Metric::Memory | Metric::Peak => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const PLAN: Plan = Plan {
        rounds: 3,
        target: Duration::from_secs(1),
        least_calls: 2,
        most_calls: 100,
        metrics: &[Metric::Rate, Metric::Cpu, Metric::HostCpu],
    };

    fn sample(calls: usize, each: Duration) -> Sample {
        let wall = each * calls as u32;
        Sample { wall, calls: calls as u64, host_cpu: wall / 2, ..Sample::default() }
    }

    #[test]
    fn all_run_in_turns_as_many_calls_as_fill_the_time() {
        let turns = RefCell::new(Vec::new());
        let one = |name: &'static str, millis| Contestant {
            case: "c".to_owned(),
            name: name.to_owned(),
            run: Box::new({
                let turns = &turns;
                move |calls| {
                    turns.borrow_mut().push((name, calls));
                    Ok(sample(calls, Duration::from_millis(millis)))
                }
            }),
        };
        let mut figures = Figures::default();
        run(&mut figures, "w", &PLAN, vec![one("a", 50), one("b", 1), one("c", 5_000)]);
        let turns = turns.into_inner();
        assert_eq!(turns[..6], [("a", 2), ("a", 2), ("b", 2), ("b", 2), ("c", 2), ("c", 2)]);
        assert_eq!(turns[6..], [("a", 20), ("b", 100), ("c", 2)].repeat(3));
        assert_eq!(figures.median("w", "c", "a", Metric::Rate), Some(20.0));
        assert_eq!(figures.median("w", "c", "a", Metric::Cpu), Some(0.025));
        assert_eq!(figures.median("w", "c", "a", Metric::HostCpu), None, "host and plugin cannot be told apart");
    }

    #[test]
    fn one_that_fails_is_out_and_the_others_go_on() {
        let mut left = 3;
        let failing = Contestant {
            case: "c".to_owned(),
            name: "fails".to_owned(),
            run: Box::new(move |calls| {
                left -= 1;
                anyhow::ensure!(left > 0, "it broke");
                Ok(sample(calls, Duration::from_millis(1)))
            }),
        };
        let going = Contestant {
            case: "c".to_owned(),
            name: "goes on".to_owned(),
            run: Box::new(|calls| Ok(sample(calls, Duration::from_millis(1)))),
        };
        let mut figures = Figures::default();
        run(&mut figures, "w", &PLAN, vec![failing, going]);
        assert_eq!(figures.missing().len(), 1);
        assert_eq!(figures.missing()[0].reason, "it broke");
        assert!(figures.median("w", "c", "goes on", Metric::Rate).is_some());
    }
}
