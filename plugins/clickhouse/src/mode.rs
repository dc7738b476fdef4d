//! What a server understands. An instance begins with what current ones do, and learns from exceptions. Which exceptions
//! are to be trusted is left to `server`: a user's text can set what the plugin sets, and be refused for it.

use crate::exception::{Exception, code};

/// Options that the plugin puts on a request of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Rows come as Arrow; else as JSON.
    pub(crate) arrow: bool,
    /// In JSON, times come in UTC, as ISO 8601; else in the zone of the column or of the server.
    pub(crate) iso_times: bool,
    /// The user may change settings.
    pub(crate) settings: bool,
    /// The server bounds the query's time, should nobody be left to cancel it.
    pub(crate) time_limit: bool,
}

const ARROW_FORMAT: &str = "ArrowStream";
/// Arrow as Grafana's fields have it, as far as the server can say it so.
const ARROW: &[(&str, &str)] = &[
    ("output_format_arrow_compression_method", "none"),
    ("output_format_arrow_string_as_string", "1"),
    ("output_format_arrow_low_cardinality_as_dictionary", "0"),
];
const QUOTE_DENORMALS: (&str, &str) = ("output_format_json_quote_denormals", "1");
const ISO_TIMES: (&str, &str) = ("date_time_output_format", "iso");
const FORMAT: &str = "default_format";
/// The setting of [`Mode::time_limit`], in seconds.
pub(crate) const TIME_LIMIT: &str = "max_execution_time";

/// True for what says how rows come: on that, what reads them relies, so that nobody else sets it.
pub(crate) fn decides_form(setting: &str) -> bool {
    ARROW.iter().chain(&[QUOTE_DENORMALS, ISO_TIMES]).any(|(name, _)| *name == setting) || setting == FORMAT
}

impl Mode {
    pub(crate) const NEWEST: Self = Self { arrow: true, iso_times: true, settings: true, time_limit: true };

    /// The same for statements whose rows are few and that cannot be described.
    pub(crate) const fn without_arrow(self) -> Self {
        Self { arrow: false, ..self }
    }

    /// Pairs for a request, beside the time limit.
    pub(crate) fn pairs(self) -> Vec<(&'static str, &'static str)> {
        let mut pairs = vec![(FORMAT, if self.arrow { ARROW_FORMAT } else { "JSONCompact" })];
        if self.settings && self.arrow {
            pairs.extend_from_slice(ARROW);
        } else if self.settings {
            pairs.push(QUOTE_DENORMALS);
            pairs.extend(self.iso_times.then_some(ISO_TIMES));
        }
        pairs
    }

    /// True where a request sets the time limit.
    pub(crate) const fn has_time_limit(self) -> bool {
        self.settings && self.time_limit
    }

    /// The mode for a server that answers so to this one, `None` where another mode would not help.
    pub(crate) fn after(self, exception: &Exception) -> Option<Self> {
        let pairs = self.pairs();
        let sent = |name: &str| match name {
            TIME_LIMIT => self.has_time_limit(),
            _ => pairs.iter().any(|(sent, _)| *sent == name),
        };
        let blamed = |name: &str| sent(name) && names(&exception.message, name);
        let arrow = || ARROW.iter().any(|(name, _)| blamed(name));
        let none = Self { arrow: false, iso_times: false, settings: false, time_limit: false };
        match exception.code {
            code::UNKNOWN_FORMAT if self.arrow && names(&exception.message, ARROW_FORMAT) => Some(self.without_arrow()),
            code::UNKNOWN_SETTING | code::SETTING_CONSTRAINT_VIOLATION if arrow() => Some(self.without_arrow()),
            code::UNKNOWN_SETTING | code::SETTING_CONSTRAINT_VIOLATION if blamed(ISO_TIMES.0) => {
                Some(Self { iso_times: false, ..self })
            }
            // The server has a limit of its own then.
            code::SETTING_CONSTRAINT_VIOLATION if blamed(TIME_LIMIT) => Some(Self { time_limit: false, ..self }),
            code::SETTING_CONSTRAINT_VIOLATION if blamed(QUOTE_DENORMALS.0) => Some(none),
            code::READONLY if arrow() || [ISO_TIMES.0, TIME_LIMIT, QUOTE_DENORMALS.0].into_iter().any(blamed) => {
                Some(none)
            }
            _ => None,
        }
    }

    /// This one without what `next` has lost against `tried`.
    pub(crate) const fn without_lost(self, tried: Self, next: Self) -> Self {
        let settings = self.settings && (next.settings || !tried.settings);
        Self {
            // Without settings, Arrow would come compressed.
            arrow: settings && self.arrow && (next.arrow || !tried.arrow),
            iso_times: self.iso_times && (next.iso_times || !tried.iso_times),
            settings,
            time_limit: self.time_limit && (next.time_limit || !tried.time_limit),
        }
    }
}

/// True where the message speaks of exactly this name; the names that the server proposes instead do not count.
fn names(message: &str, name: &str) -> bool {
    let said = message.split("Maybe you meant").next().unwrap_or_default();
    said.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mode: Mode, code: u32, message: &str) -> Option<Mode> {
        mode.after(&Exception { code, message: message.to_owned() })
    }

    #[test]
    fn an_old_server_is_asked_for_less_until_it_understands() {
        let json = after(Mode::NEWEST, 115, "Unknown setting output_format_arrow_compression_method").unwrap();
        assert_eq!(json.pairs().first(), Some(&("default_format", "JSONCompact")));
        let plain = after(json, 115, "Unknown setting date_time_output_format").unwrap();
        assert!(!plain.iso_times && plain.settings);
        assert_eq!(after(plain, 115, "Unknown setting date_time_output_format"), None);
    }

    #[test]
    fn a_user_who_may_change_no_setting_is_sent_none() {
        let message = "Cannot modify 'output_format_arrow_compression_method' setting in readonly mode";
        assert_eq!(after(Mode::NEWEST, 164, message).unwrap().pairs(), [("default_format", "JSONCompact")]);
    }

    #[test]
    fn what_the_user_has_set_is_no_reason_to_fall_back() {
        assert_eq!(after(Mode::NEWEST, 115, "Unknown setting max_treads"), None);
        assert_eq!(after(Mode::NEWEST, 73, "Unknown format Nonsense"), None);
        let near = "Unknown setting 'output_format_arrow_x': Maybe you meant ['output_format_arrow_string_as_string']";
        assert_eq!(after(Mode::NEWEST, 115, near), None);
        assert_eq!(after(Mode::NEWEST, 115, "Unknown setting date_time_output_format"), None, "Arrow does without it");
    }

    #[test]
    fn a_limit_on_the_time_limit_costs_nothing_else() {
        let message = "Setting max_execution_time shouldn't be greater than 60";
        assert_eq!(after(Mode::NEWEST, 452, message), Some(Mode { time_limit: false, ..Mode::NEWEST }));
        assert_eq!(after(Mode { time_limit: false, ..Mode::NEWEST }, 452, message), None);
    }

    #[test]
    fn what_json_alone_lacks_is_not_taken_from_arrow() {
        let tried = Mode::NEWEST.without_arrow();
        let next = after(tried, 115, "Unknown setting date_time_output_format").unwrap();
        assert_eq!(Mode::NEWEST.without_lost(tried, next), Mode { iso_times: false, ..Mode::NEWEST });
        let message = "Cannot modify 'date_time_output_format' setting in readonly mode";
        let next = after(tried, 164, message).unwrap();
        assert!(!Mode::NEWEST.without_lost(tried, next).arrow, "it would come compressed");
    }
}
