//! The tables of limits, read from the parsed file: what they say, and every fault with its line.

use super::keys::{KEYS, LimitKey};
use super::{LimitLine, Scope};
use crate::config::Fault;
use crate::config::file::line_of;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The org of a data source that names none.
const FIRST_ORG: i64 = 1;

/// Reads tables of one file.
pub(in crate::config) struct Tables<'a> {
    path: &'a Path,
    text: &'a str,
    faults: &'a mut Vec<Fault>,
    lines: Vec<LimitLine>,
}

impl<'a> Tables<'a> {
    pub(in crate::config) fn new(path: &'a Path, text: &'a str, faults: &'a mut Vec<Fault>) -> Self {
        Self { path, text, faults, lines: Vec::new() }
    }

    /// What the tables say, in the order of their lines.
    pub(in crate::config) fn finish(mut self) -> Vec<LimitLine> {
        self.lines.sort_by_key(|line| line.line);
        self.lines
    }

    /// Whether the value of this top-level key is read here.
    pub(in crate::config) fn are_named(key: &str) -> bool {
        matches!(key, "limits" | "plugin" | "data-source")
    }

    /// Reads the value of a top-level key.
    pub(in crate::config) fn read(&mut self, key: &str, offset: usize, value: &DeValue<'_>) {
        match key {
            "plugin" => self.each(key, offset, value, |this, id, table| {
                let scope = Scope::Plugin(id.to_owned());
                this.members(&format!("plugin.{id}"), table, &["limits"]);
                this.limits_in(&scope, table);
            }),
            "data-source" => self.each(key, offset, value, |this, uid, table| {
                this.members(&format!("data-source.{uid}"), table, &["org", "limits"]);
                let org_id = this.org(uid, table);
                this.limits_in(&Scope::DataSource { org_id, uid: uid.to_owned() }, table);
            }),
            _ => {
                if let Some(table) = self.table(key, offset, value) {
                    self.limits(&Scope::All, table);
                }
            }
        }
    }

    /// Each member of a table, which must be a table itself.
    fn each(&mut self, key: &str, offset: usize, value: &DeValue<'_>, read: impl Fn(&mut Self, &str, &DeTable<'_>)) {
        let Some(table) = self.table(key, offset, value) else { return };
        for (name, value) in table {
            let full = format!("{key}.{}", name.get_ref());
            if let Some(inner) = self.table(&full, name.span().start, value.get_ref()) {
                read(self, name.get_ref(), inner);
            }
        }
    }

    fn limits_in(&mut self, scope: &Scope, table: &DeTable<'_>) {
        let found = table.iter().find(|(name, _)| name.get_ref() == "limits");
        let Some((name, value)) = found else { return };
        if let Some(limits) = self.table(&scope.to_string(), name.span().start, value.get_ref()) {
            self.limits(scope, limits);
        }
    }

    fn limits(&mut self, scope: &Scope, table: &DeTable<'_>) {
        for (name, value) in table {
            let (offset, name) = (name.span().start, name.get_ref());
            let Some(key) = LimitKey::named(name) else {
                let known: Vec<_> = KEYS.iter().map(|key| key.name).collect();
                let cure = format!("the limits are {}", known.join(", "));
                self.fault(offset, format!("unknown limit {name:?} in [{scope}]"), cure);
                continue;
            };
            if *scope != Scope::All && !key.has_exceptions() {
                let problem = format!("limit {name:?} in [{scope}] is one of the whole host");
                self.fault(offset, problem, "set it in [limits]");
                continue;
            }
            let amount = match value.get_ref() {
                DeValue::String(written) => key.parse(written, false),
                // As a person wrote it: what is no decimal number is none here.
                other => key.parse(self.written(value, other), matches!(other, DeValue::Integer(_))),
            };
            match amount {
                Ok(amount) => {
                    let line = line_of(self.text, offset);
                    self.lines.push(LimitLine { scope: scope.clone(), key, amount, line });
                }
                Err(problem) => {
                    let place = format!("{}:{}: {scope}.{name}", self.path.display(), line_of(self.text, offset));
                    self.faults.push(Fault::new(place, problem));
                }
            }
        }
    }

    fn written<'b>(&'b self, value: &'b Spanned<DeValue<'_>>, parsed: &'b DeValue<'_>) -> &'b str {
        match parsed {
            DeValue::Integer(number) => number.as_str(),
            _ => self.text.get(value.span()).unwrap_or_default(),
        }
    }

    fn org(&mut self, uid: &str, table: &DeTable<'_>) -> i64 {
        let found = table.iter().find(|(name, _)| name.get_ref() == "org");
        let Some((name, value)) = found else { return FIRST_ORG };
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok().filter(|org| *org > 0),
            _ => None,
        };
        number.unwrap_or_else(|| {
            let written = self.written(value, value.get_ref()).to_owned();
            let problem = format!("data-source.{uid}.org is {written}");
            self.fault(name.span().start, problem, "write a whole number from 1 up");
            FIRST_ORG
        })
    }

    /// A key that is none of these would be a setting silently not made.
    fn members(&mut self, of: &str, table: &DeTable<'_>, known: &[&str]) {
        for (name, _) in table.iter().filter(|(name, _)| !known.contains(&name.get_ref().as_ref())) {
            let problem = format!("unknown key {:?} in [{of}]", name.get_ref());
            self.fault(name.span().start, problem, format!("write [{of}.limits] ({})", known.join(", ")));
        }
    }

    fn table<'t, 'i>(&mut self, name: &str, offset: usize, value: &'t DeValue<'i>) -> Option<&'t DeTable<'i>> {
        match value {
            DeValue::Table(table) => Some(table),
            other => {
                let cure = match name {
                    "plugin" => {
                        "write plugins = \"…\" for the folder, and [plugin.ID.limits] for a plugin's limits".to_owned()
                    }
                    "data-source" => "write [data-source.UID.limits]".to_owned(),
                    name if name.ends_with("limits") => format!("write [{name}]"),
                    name => format!("write [{name}.limits]"),
                };
                self.fault(offset, format!("{name} is {}, not a table", other.type_str()), cure);
                None
            }
        }
    }

    fn fault(&mut self, offset: usize, problem: impl std::fmt::Display, cure: impl std::fmt::Display) {
        let place = format!("{}:{}", self.path.display(), line_of(self.text, offset));
        self.faults.push(Fault::new(place, problem).cure(cure));
    }
}
