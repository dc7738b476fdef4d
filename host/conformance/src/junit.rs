//! The report as JUnit XML, which CI systems show: rules and cases are a suite each.

use crate::{Report, Verdict};
use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};
use std::io::Write;

impl Report {
    /// Writes the report as JUnit XML.
    ///
    /// # Errors
    /// Where `out` takes no more.
    pub fn write_junit(&self, out: impl Write) -> Result<(), SerializeError> {
        let mut report = quick_junit::Report::new(format!("{} {}", self.plugin_id, self.version));
        let (mut rules, mut cases) = (TestSuite::new("conformance"), TestSuite::new("cases"));
        for result in &self.results {
            let status = match &result.verdict {
                Verdict::Passed => TestCaseStatus::success(),
                Verdict::Failed(why) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(first_line(why)).set_description(why.as_str());
                    status
                }
                Verdict::Skipped(why) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(why.as_str());
                    status
                }
            };
            let (suite, name) = match result.name.strip_prefix("case/") {
                Some(name) => (&mut cases, name),
                None => (&mut rules, result.name.as_str()),
            };
            let mut case = TestCase::new(name, status);
            case.set_classname(self.plugin_id.as_str()).set_time(result.took);
            suite.add_test_case(case);
        }
        report.add_test_suites([rules, cases].into_iter().filter(|suite| suite.tests > 0));
        report.serialize(out)
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestResult;
    use std::time::Duration;

    #[test]
    fn failures_bear_their_reason_and_skipped_rules_theirs() {
        let result = |name: &str, verdict| TestResult {
            name: name.to_owned(),
            promise: String::new(),
            verdict,
            took: Duration::from_millis(1500),
        };
        let report = Report {
            plugin_id: "mine".to_owned(),
            version: "0.1.0".to_owned(),
            results: vec![
                result("manifest", Verdict::Passed),
                result("ref-ids", Verdict::Failed("A is answered <twice>\nand more".to_owned())),
                result("frames", Verdict::Skipped("no frame came".to_owned())),
                result("case/up", Verdict::Passed),
            ],
        };
        let mut xml = Vec::new();
        report.write_junit(&mut xml).unwrap();
        let xml = String::from_utf8(xml).unwrap();
        for part in [
            r#"<testsuite name="conformance" tests="3" skipped="1" errors="0" failures="1">"#,
            r#"<testcase name="ref-ids" classname="mine" time="1.500">"#,
            r#"<failure message="A is answered &lt;twice&gt;">A is answered &lt;twice&gt;"#,
            r#"<skipped message="no frame came"/>"#,
            r#"<testsuite name="cases" tests="1""#,
        ] {
            assert!(xml.contains(part), "{part}\n{xml}");
        }
        assert_eq!(report.counts(), (2, 1, 1));
    }
}
