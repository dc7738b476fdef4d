//! `wellhead backup`, `restore` and `secrets rotate`: what was kept comes back, and secrets open whatever their key is.
#![cfg(test)]

mod common;

use common::data::Data;
use common::{Ended, Server, text};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};

/// `Basic` of the user ann and the password hunter2!.
const HEADER: &str = "authorization: basic yw5uomh1bnrlcjih";

/// An upstream that answers 204 to whoever brings ann's password, and 400 to all others.
fn guarded() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            // Read whole before it is answered: what is left unread would reset the connection.
            let head: Vec<String> = head.collect();
            let is_ann = head.iter().any(|line| line.to_lowercase() == HEADER);
            let status = if is_ann { "204 No Content" } else { "400 Bad Request" };
            let _ = write!(&stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

/// Adds a data source with ann's password at that upstream.
#[track_caller]
fn add(data: &Data, name: &str, upstream: SocketAddr) {
    let url = format!("http://{upstream}");
    let what = ["datasource", "add", "--type", "prometheus", "--name", name, "--uid", name, "--url", &url];
    let secret = ["--basic-auth-user", "ann", "--secret", "basicAuthPassword=env:A_SECRET"];
    let mut command = data.command(&[&what[..], &secret].concat());
    Ended::of(command.env("A_SECRET", "hunter2!").output().unwrap()).with_code(0);
}

/// Whether the data source's secret opens, and reaches its upstream.
#[track_caller]
fn opens(server: &Server, uid: &str) {
    let (status, body) = server.http("GET", &format!("/api/datasources/proxy/uid/{uid}/x"), "");
    assert_eq!(status, 204, "{uid}: {body}");
}

#[test]
fn a_backup_brings_back_what_was_deleted_and_overwrites_nothing() {
    let (data, elsewhere) = (Data::new(), tempfile::tempdir().unwrap());
    let backup = elsewhere.path().join("backup.redb");
    let upstream = guarded();
    add(&data, "kept", upstream);
    data.said(&["backup", text(&backup)]);
    assert!(data.refused(&["backup", text(&backup)]).contains("backup.redb"));
    data.said(&["datasource", "delete", "kept"]);
    data.said(&["restore", text(&backup)]);
    assert!(data.said(&["secrets", "rotate"]).contains("is wrapped by master key"));
    opens(&data.serve(), "kept");
}

#[test]
fn a_backup_of_a_running_server_restores_and_its_secrets_open_after_a_rotation() {
    let (data, elsewhere) = (Data::new(), tempfile::tempdir().unwrap());
    let backup = elsewhere.path().join("backup.redb");
    let master_key = || std::fs::read(data.path().join("master.key")).unwrap();
    let upstream = guarded();
    let server = data.serve();
    add(&data, "before", upstream);
    opens(&server, "before");

    let old_key = master_key();
    assert!(data.said(&["secrets", "rotate"]).contains("is wrapped by master key"));
    assert_ne!(master_key(), old_key);
    opens(&server, "before");
    add(&data, "after", upstream);
    opens(&server, "after");

    assert!(data.said(&["backup", text(&backup)]).contains("backed up"));
    assert!(data.refused(&["backup", text(&backup)]).contains("backup.redb"), "nothing is overwritten");
    data.said(&["datasource", "delete", "before"]);
    data.said(&["datasource", "delete", "after"]);
    assert!(data.refused(&["restore", text(&backup)]).contains("open already"), "a server runs");
    server.stop();
    data.said(&["restore", text(&backup)]);

    let server = data.serve();
    opens(&server, "before");
    opens(&server, "after");
}
