//! In which order the plugin's file is replaced by what.

use super::Options;

/// One replacement of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) code: Code,
    pub(super) way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// The next build; compiled before, or not.
    Good { cold: bool },
    /// What must be rejected; its number among the bad ones.
    Bad { fault: Fault, number: usize },
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Truncated,
    OtherWorld,
    /// In `configure`.
    Traps,
}

/// How bytes come into the file's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Rename,
    /// Overwritten in several writes, then closed.
    InPlace,
}

const FAULTS: [Fault; 3] = [Fault::Truncated, Fault::OtherWorld, Fault::Traps];
const WAYS: [Way; 2] = [Way::Rename, Way::InPlace];

/// All steps: bad and cold ones spread evenly, every bad one followed by a good one, all kinds in both ways.
pub(super) fn steps(options: &Options) -> Vec<Step> {
    let Options { swaps, bad, cold, .. } = *options;
    let mut codes = vec![Code::Good { cold: false }; swaps];
    for number in 0..bad {
        let at = place(number, bad, swaps);
        if let Some(code) = codes.get_mut(at) {
            *code = Code::Bad { fault: FAULTS[number % FAULTS.len()], number: number / FAULTS.len() };
        }
    }
    for number in 0..cold {
        let from = place(number, cold, swaps);
        let free = codes.iter_mut().skip(from).find(|code| **code == Code::Good { cold: false });
        if let Some(code) = free {
            *code = Code::Good { cold: true };
        }
    }
    // Each kind takes its ways in turn.
    let mut seen = [0_usize; 2];
    let with_way = |code| {
        let turn = match code {
            Code::Good { cold } => {
                let seen = &mut seen[usize::from(cold)];
                *seen += 1;
                *seen
            }
            Code::Bad { number, .. } => number,
        };
        Step { code, way: WAYS[turn % WAYS.len()] }
    };
    codes.into_iter().map(with_way).collect()
}

/// Where number `number` of `count` goes among `all`: in the middle of its part.
fn place(number: usize, count: usize, all: usize) -> usize {
    (2 * number + 1) * all / (2 * count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_file_is_followed_by_a_good_one_and_every_kind_comes_both_ways() {
        for (swaps, bad, cold) in [(500, 50, 20), (24, 6, 2)] {
            let options = Options { swaps, bad, cold, ..Options::default() };
            let steps = steps(&options);
            let count = |wanted: fn(&Code) -> bool| steps.iter().filter(|step| wanted(&step.code)).count();
            assert_eq!(steps.len(), swaps);
            assert_eq!(count(|code| matches!(code, Code::Bad { .. })), bad);
            assert_eq!(count(|code| *code == Code::Good { cold: true }), cold);
            assert!(matches!(steps.last().map(|step| step.code), Some(Code::Good { .. })));
            for pair in steps.windows(2) {
                assert!(pair.iter().any(|step| matches!(step.code, Code::Good { .. })), "{pair:?}");
            }
            for fault in FAULTS {
                for way in WAYS {
                    let is_it = |step: &&Step| {
                        step.way == way && matches!(step.code, Code::Bad { fault: of, .. } if of == fault)
                    };
                    assert!(steps.iter().any(|step| is_it(&step)), "{fault:?} by {way:?}");
                }
            }
        }
    }
}
