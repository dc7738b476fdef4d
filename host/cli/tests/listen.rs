//! Where `wellhead serve` listens: with TLS, behind a proxy, and not at all without either.
#![cfg(test)]

mod common;

use common::{AS_ADMIN, Certificates, Server, folder, own_data, plugins, run, text, wellhead};

const QUERY: &str = r#"{"scenarioId":"csv_content","csvContent":"a\n1"}"#;

#[test]
fn a_server_with_tls_is_reached_by_those_who_know_its_ca() {
    let files = Certificates::new();
    let server = Server::start(&["--tls-cert", text(&files.certificate), "--tls-key", text(&files.key)]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.ready);
    let as_admin = server.as_admin();
    let query = ["query", "--server", &as_admin, "--datasource", "testdata", "-o", "csv", QUERY];
    let ended = run(query.into_iter().chain(["--ca-cert", text(&files.ca)])).with_code(0);
    assert_eq!(ended.stdout, "a\n1\n");
    let list = |ca: &str| {
        let mut command = wellhead(["plugin", "list", "--server", &as_admin]);
        command.env("WELLHEAD_CA_CERT", ca).output().unwrap()
    };
    assert!(list(text(&files.ca)).status.success());

    let stranger = Certificates::new();
    run(query).with_code(1).complains(&[&server.url, "that no CA known here has signed", "--ca-cert FILE"]);
    run(query.into_iter().chain(["--ca-cert", text(&stranger.ca)])).with_code(1).complains(&["--ca-cert FILE"]);
    let unset = list("");
    assert!(!unset.status.success());
    assert!(String::from_utf8_lossy(&unset.stderr).contains("--ca-cert FILE"), "an empty variable is none");
}

#[test]
fn a_ca_that_cannot_be_read_is_named() {
    let files = folder(&[("empty.pem", "")]);
    let [missing, empty] = ["missing.pem", "empty.pem"].map(|name| files.path().join(name));
    for (file, says) in [(&missing, "No such file"), (&empty, "it holds no certificate: name the CA's")] {
        let ended = run(["plugin", "list", "--server", "https://127.0.0.1:1", "--ca-cert", text(file)]).with_code(1);
        ended.complains(&[&format!("--ca-cert {}", text(file)), says]);
    }
}

#[test]
fn beyond_loopback_it_refuses_to_start_and_names_the_cures() {
    for (listen, named) in [("0.0.0.0:0", "0.0.0.0:0"), ("[::]:0", "[::]:0"), ("192.0.2.1:3000", "192.0.2.1:3000")] {
        let says =
            [&format!("--listen: {named} is not loopback"), "--tls-cert and --tls-key", "--behind-proxy", "--insecure"];
        // Should it not refuse, the folder that is missing ends it.
        run(["serve", "--listen", listen, "--plugins", "no/such/folder"]).with_code(2).complains(&says);
        run(["config", "check", "--plugins", text(&plugins()), "--listen", listen]).with_code(2).complains(&says);
    }
}

#[test]
fn beyond_loopback_it_starts_with_any_of_the_cures() {
    let files = Certificates::new();
    let tls = ["--tls-cert", text(&files.certificate), "--tls-key", text(&files.key)];
    for (guard, scheme) in [(&tls[..], "https"), (&["--behind-proxy"], "http"), (&["--insecure", "on"], "http")] {
        let (plugins, data) = (plugins(), own_data());
        let fixed = ["serve", "--listen", "0.0.0.0:0", "--plugins", text(&plugins), "--data", text(data.path())];
        let server = Server::of(wellhead(fixed.iter().chain(guard)));
        assert!(server.url.starts_with(&format!("{scheme}://0.0.0.0:")), "{}", server.ready);
        assert_eq!(server.stop().matches("not loopback").count(), 0);
    }
}

#[test]
fn every_fault_of_where_it_listens_comes_at_once() {
    let files = folder(&[(
        "wellhead.toml",
        "listen = \"0.0.0.0:0\"\nbehind-proxy = \"maybe\"\ncors-origin = \"https://a.example,*\"\n",
    )]);
    let config = files.path().join("wellhead.toml");
    let ended =
        run(["config", "check", "--plugins", text(&plugins()), "--config", text(&config), "--tls-key", "k.pem"]);
    ended.with_code(2).complains(&[
        "wellhead.toml:1: 0.0.0.0:0 is not loopback",
        "wellhead.toml:2: behind-proxy: \"maybe\" is neither on nor off",
        "wellhead.toml:3: cors-origin: \"*\" would let pages nobody thought of ask",
        "--tls-key: TLS needs both a certificate and its key",
    ]);
    let pair = Certificates::new();
    let ended = run([
        "config",
        "check",
        "--plugins",
        text(&plugins()),
        "--tls-cert",
        text(&pair.certificate),
        "--tls-key",
        text(&pair.ca),
    ]);
    ended.with_code(2).complains(&["--tls-key: ", "ca.pem: no TLS key can be read from it"]);
}

#[test]
fn the_log_names_the_client_and_believes_the_proxy_alone() {
    for (flags, client, scheme) in [(&["--behind-proxy"][..], "203.0.113.7", "https"), (&[], "127.0.0.1", "http")] {
        let server = Server::start(&[&["--log-format", "json"], flags].concat());
        let forwarded = "X-Forwarded-For: 198.51.100.9, 203.0.113.7\r\nX-Forwarded-Proto: https";
        assert_eq!(server.http_with(&format!("Host: w\r\n{AS_ADMIN}\r\n{forwarded}"), "GET", "/api/org", "").0, 200);
        let log = server.stop();
        let answered = log.lines().find(|line| line.contains("\"answered\"")).unwrap_or_else(|| panic!("{log}"));
        let entry: serde_json::Value = serde_json::from_str(answered).unwrap();
        assert_eq!(
            (&entry["span"]["client"], &entry["span"]["scheme"]),
            (&client.into(), &scheme.into()),
            "{answered}"
        );
    }
}
