//! What one query leaves in its session, the next one does not find; and what is killed is the query's own.

use crate::stand_in::{OK, Packets, listen};
use crate::support::{Source, at};
use futures::future::{Either, select};
use serde_json::{Value, json};
use std::io;
use std::pin::pin;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, RequestContext, task};
use wellhead_test_servers::MariaDb;
use wellhead_test_sql::{BUDGET, query};

/// What a state is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_lock_goes_with_the_query_that_took_it() {
    let source = Source::start();
    block_on(async {
        assert_eq!(source.value("SELECT GET_LOCK('x', 0) AS v").await, 1);
        assert_eq!(source.server.ask("SELECT IS_FREE_LOCK('x')").unwrap(), "1");
    });
}

#[test]
fn a_session_in_which_something_was_left_is_made_new_and_stays_as_the_settings_have_it() {
    let source = Source::with(MariaDb::start().unwrap(), json!({"timezone": "+02:00", "ansiQuotes": true}));
    block_on(async {
        let number = source.value("SELECT CONNECTION_ID()").await;
        for sql in ["SELECT @s := 'secret'", "SET @s = 'secret'; SELECT @s", "SELECT 'secret' INTO @s"] {
            source.table(sql).await.unwrap();
            assert_eq!(source.value("SELECT @s").await, Value::Null, "{sql}");
        }
        assert_eq!(source.value("SELECT \"n\" FROM (SELECT CONNECTION_ID() AS n) AS x").await, number);
        let (zone, text) = (source.value("SELECT @@time_zone").await, source.value("SELECT CONCAT('ü', '🐬')").await);
        assert_eq!((zone, text), (json!("+02:00"), json!("ü🐬")));
        assert!(source.value("SELECT @@max_statement_time").await.as_f64().unwrap() > 0.0);
    });
}

#[test]
fn a_procedure_that_fails_within_a_transaction_leaves_none() {
    let source = Source::start();
    source.server.ask("CREATE TABLE t (a int) ENGINE=InnoDB").unwrap();
    block_on(async {
        let body = "EXECUTE IMMEDIATE 'CREATE PROCEDURE p() BEGIN START TRANSACTION; INSERT INTO t VALUES (1); \
                    SELECT a FROM t; SIGNAL SQLSTATE ''45000'' SET MESSAGE_TEXT = ''no''; END'";
        source.table(body).await.unwrap();
        let error = source.error(json!({"rawSql": "CALL p()", "format": "table"})).await;
        assert!(error.message().contains("no (1644"), "{error:?}");
        assert_eq!(source.value("SELECT @@in_transaction").await, 0);
        // A transaction holds the tables it has touched. (What information_schema.innodb_trx says is a copy, made anew
        // only when nobody has read it for 0.1 s: who looks more often sees the same for ever.)
        let free = "SET lock_wait_timeout = 0; LOCK TABLES t WRITE; SELECT COUNT(*) FROM t";
        let waited = Instant::now();
        let rows = loop {
            match source.server.ask(free) {
                Ok(rows) => break rows,
                Err(error) => assert!(waited.elapsed() < PATIENCE, "the transaction is still there: {error:#}"),
            }
            task::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(rows, "0");
    });
}

#[test]
fn what_a_plain_read_has_warned_of_is_not_the_next_users_to_read() {
    let source = Source::start();
    block_on(async {
        source.table("SELECT CAST('secret' AS SIGNED) AS v").await.unwrap();
        let frame = source.table("SHOW WARNINGS").await.unwrap();
        assert!(!frame.to_string().contains("secret"), "{frame}");
    });
}

#[test]
fn a_plain_read_keeps_its_session_and_what_is_prepared_there() {
    let source = Source::start();
    let resets = || source.server.ask("SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'").unwrap();
    block_on(async {
        let sql = "SELECT COUNT(*) AS v FROM seq_1_to_7 WHERE seq IN (1, 2)";
        assert_eq!(source.value(sql).await, 2);
        let prepared = resets();
        for _ in 0..3 {
            assert_eq!(source.value(sql).await, 2);
        }
        assert_eq!(resets(), prepared);
    });
}

#[test]
fn where_the_server_cannot_reset_a_session_it_is_closed() {
    let (heard, hears) = mpsc::channel();
    let port = listen(move |mut client| {
        client.greet("mysql_native_password")?;
        client.receive()?;
        client.send(OK)?;
        client.serve(|command, client| match command {
            [0x16, ..] => client.send(b"\xff\x0f\x05#HY000not prepared"),
            [0x1f] => {
                heard.send(()).unwrap();
                client.send(b"\xff\x17\x04#08S01Unknown command")
            }
            _ => client.rows(&[b"v"]),
        })
    });
    let plugin = at(port, "who", "secret", json!({})).unwrap();
    block_on(async {
        // The stand-in takes one client after the other: the second one's turn comes when the first one has gone.
        for _ in 0..2 {
            let model = serde_json::from_value(json!({"rawSql": "SELECT own()", "format": "table"})).unwrap();
            let result = plugin.query(&RequestContext::new(1, BUDGET), query(model)).await.unwrap();
            assert_eq!(result.collect().await.unwrap()[0].num_rows(), 1);
            hears.recv_timeout(PATIENCE).unwrap();
        }
    });
}

/// How many sessions three queries take of which each is answered with this error.
fn sessions_of_three(error: &'static [u8]) -> usize {
    let (opened, sessions) = mpsc::channel();
    let port = listen(move |mut client| {
        opened.send(()).unwrap();
        client.greet("mysql_native_password")?;
        client.receive()?;
        client.send(OK)?;
        // It does not hang up.
        client.serve(|_, client| client.send(error))
    });
    let plugin = at(port, "who", "secret", json!({})).unwrap();
    block_on(async {
        for _ in 0..3 {
            let model = serde_json::from_value(json!({"rawSql": "SELECT v FROM t", "format": "table"})).unwrap();
            let failed = match plugin.query(&RequestContext::new(1, BUDGET), query(model)).await {
                Err(error) => error,
                Ok(result) => result.collect().await.unwrap_err(),
            };
            assert!(failed.message().contains("it says why"), "{failed:?}");
        }
    });
    sessions.try_iter().count()
}

#[test]
fn a_session_that_the_server_says_it_has_ended_is_given_to_no_other_query() {
    assert_eq!(sessions_of_three(b"\xff\x28\x04#42000it says why"), 1);
    for last_word in [
        b"\xff\x1d\x04#08S01it says why",
        b"\xff\x87\x07#70100it says why",
        b"\xff\x61\x0c#HY000it says why",
        b"\xff\xbf\x0f#HY000it says why",
    ] {
        assert_eq!(sessions_of_three(last_word), 3, "{}", last_word.escape_ascii());
    }
}

/// What a query's killer does at a server of this name, where the query runs at "one".
fn killed_at(name: &'static str) -> bool {
    let (heard, hears) = mpsc::channel();
    let visits = std::cell::Cell::new(0);
    let port = listen(move |mut client: Packets| {
        visits.set(visits.get() + 1);
        let is_first = visits.get() == 1;
        if !is_first {
            client.name = name;
        }
        client.greet("mysql_native_password")?;
        client.receive()?;
        client.send(OK)?;
        loop {
            let command = client.receive()?;
            match command.as_slice() {
                [1] => {
                    heard.send(false).unwrap();
                    return Err(io::Error::other("it took leave"));
                }
                [3, b'K', ..] => {
                    heard.send(true).unwrap();
                    client.send(OK)?;
                }
                // It runs, and does not end.
                [0x16, ..] => heard.send(true).unwrap(),
                [3, b'S', b'E', b'T', ..] => client.send(OK)?,
                _ => {
                    client.rows(&[b"", client.name.as_bytes(), b"1"])?;
                }
            }
        }
    });
    let plugin = at(port, "who", "secret", json!({})).unwrap();
    block_on(async {
        let model = serde_json::from_value(json!({"rawSql": "SELECT 1", "format": "table"})).unwrap();
        let context = RequestContext::new(1, BUDGET);
        let asked = Box::pin(plugin.query(&context, query(model)));
        let runs = pin!(async {
            while hears.try_recv().is_err() {
                task::sleep(Duration::from_millis(5)).await;
            }
        });
        let Either::Right(((), asked)) = select(asked, runs).await else { panic!("it is over") };
        drop(asked);
        let waited = Instant::now();
        loop {
            if let Ok(killed) = hears.try_recv() {
                return killed;
            }
            assert!(waited.elapsed() < PATIENCE, "nobody came to kill it");
            task::sleep(Duration::from_millis(5)).await;
        }
    })
}

#[test]
fn a_query_is_killed_at_its_own_server_and_at_no_other() {
    assert!(killed_at("one"));
    assert!(!killed_at("two"));
}

#[test]
fn killing_waits_for_room_at_the_server() {
    let server = MariaDb::start().unwrap();
    server
        .ask("CREATE USER two@'127.0.0.1' WITH MAX_USER_CONNECTIONS 2; GRANT ALL ON test.* TO two@'127.0.0.1'")
        .unwrap();
    let user = |json_data| crate::support::plugin(&server, "two", "", json_data).unwrap();
    // Each status is asked on a connection of its own.
    let connections = || {
        let status = server.ask("SHOW GLOBAL STATUS LIKE 'Connections'").unwrap();
        status.split('\t').nth(1).unwrap().parse::<u64>().unwrap()
    };
    let running =
        || server.ask("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT BENCHMARK%'");
    let model = |sql: &str| query(serde_json::from_value(json!({"rawSql": sql, "format": "table"})).unwrap());
    block_on(async {
        let wait = async |what: &str, holds: &dyn Fn() -> bool| {
            let waited = Instant::now();
            while !holds() {
                assert!(waited.elapsed() < PATIENCE, "{what}");
                task::sleep(Duration::from_millis(10)).await;
            }
        };
        let context = RequestContext::new(1, BUDGET);
        // Its session stays in its pool: with the query's own there is no room for another log in.
        let other = user(json!({}));
        other.query(&context, model("SELECT 1")).await.unwrap().collect().await.unwrap();
        let plugin = user(json!({}));
        let asked = Box::pin(plugin.query(&context, model("SELECT BENCHMARK(1000000000000, MD5('x'))")));
        let runs = || running().unwrap() != "0";
        let seen = pin!(wait("it does not run", &runs));
        let Either::Right(((), asked)) = select(asked, seen).await else { panic!("it is over") };
        let (before, asks) = (connections(), std::cell::Cell::new(0));
        drop(asked);
        wait("nobody tries to kill it", &|| {
            asks.set(asks.get() + 1);
            connections() > before + asks.get()
        })
        .await;
        assert_eq!(running().unwrap(), "1");
        other.shutdown().await;
        wait("it still runs", &|| running().unwrap() == "0").await;
    });
}

#[test]
fn what_is_given_up_has_ended_at_the_server_before_the_next_one_comes() {
    let server = MariaDb::start().unwrap();
    server.ask("CREATE USER two IDENTIFIED BY 'p'").unwrap();
    let plugin = at(server.port(), "two", "p", json!({"maxOpenConns": 1, "database": ""})).unwrap();
    let source = Source { server, plugin };
    // Who asks sees their own.
    let running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT BENCHMARK%'";
    block_on(async {
        for _ in 0..5 {
            let slow = source.table("SELECT BENCHMARK(100000000000, 1 + 1) AS v");
            task::timeout(Duration::from_millis(200), slow).await.unwrap_err();
            assert_eq!(source.value(running).await, 0);
        }
    });
}
