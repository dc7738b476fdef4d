use super::*;
use std::sync::mpsc;

fn entry<'a>(who: Option<&'a Identity>, target: &'a str, details: &'a [(&'a str, &'a str)]) -> AuditEntry<'a> {
    let client = Some([10, 0, 0, 1].into());
    AuditEntry { who, client, action: "datasource.update", target, outcome: Outcome::Done, details }
}

fn parsed(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn an_entry_says_who_did_what_to_what_from_where_and_how_it_ended() {
    let log = AuditLog::in_memory();
    let account = Identity { who: Who::ServiceAccount { id: 7, token_id: 3 }, ..Identity::operator(2) };
    let callers = [None, Some(Identity::anonymous()), Some(Identity::operator(1)), Some(account)];
    for who in &callers {
        log.record(&entry(who.as_ref(), "prom", &[("name", "Prometheus")]));
    }
    let user = Identity { who: Who::User { id: 5 }, login: "ada".into(), ..Identity::anonymous() };
    log.record(&AuditEntry { client: None, outcome: Outcome::Denied, ..entry(Some(&user), "prom", &[]) });
    let lines = log.lines().into_iter().map(|line| {
        let (time, rest) = line.strip_prefix(r#"{"time":""#).unwrap().split_once('"').unwrap();
        assert!(time.parse::<Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
        rest.to_owned()
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_clients_send_cannot_break_out_of_a_line_nor_fill_it() {
    let log = AuditLog::in_memory();
    let long = "😀".repeat(100_000);
    let many: Vec<(String, &str)> = (0..100).map(|number| (format!("k{number:03}"), long.as_str())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    log.record(&entry(None, "a\"}\n{\"who\":\"operator\"\0", &many));
    let lines = log.lines();
    assert!(!lines[0].contains('\n') && lines[0].len() < 20_000, "{} bytes", lines[0].len());
    let line = parsed(&lines[0]);
    assert_eq!(line["target"], "a\"}\n{\"who\":\"operator\"\0");
    assert_eq!(line["details"].as_object().unwrap().len(), MAX_DETAILS);
    assert_eq!(line["details"]["k000"].as_str().unwrap().chars().count(), MAX_CHARS + 1);
}

#[cfg(unix)]
#[test]
fn a_file_is_for_its_owner_only_and_is_appended_to() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    for target in ["one", "two"] {
        AuditLog::open(&path).unwrap().record(&entry(None, target, &[]));
    }
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().map(|line| parsed(line)["target"].clone()).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn entries_of_many_threads_are_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open(&path).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| log.record(&entry(None, "prom", &[]))));
        }
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| parsed(line)["target"] == "prom").count(), 400);
}

#[test]
fn a_line_that_was_cut_short_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    std::fs::write(&path, r#"{"time":"20"#).unwrap();
    let log = AuditLog::open(&path).unwrap();
    log.record(&entry(None, "one", &[]));
    log.record(&entry(None, "two", &[]));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().skip(1).map(|line| parsed(line)["target"].clone()).collect::<Vec<_>>(), ["one", "two"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_in_the_log_of_the_program() {
    struct Lines(mpsc::Sender<String>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (sender, lines) = mpsc::channel();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || Lines(sender.clone())).finish();
    tracing::subscriber::with_default(subscriber, || {
        AuditLog::open(Path::new("/dev/full")).unwrap().record(&entry(None, "prom", &[]));
    });
    let said = lines.try_iter().collect::<String>();
    assert!(said.contains("ERROR") && said.contains("audit log cannot be written") && said.contains("prom"), "{said}");
}

#[test]
fn none_keeps_nothing() {
    let log = AuditLog::none();
    log.record(&entry(None, "prom", &[]));
    assert_eq!(log.lines(), Vec::<String>::new());
}
