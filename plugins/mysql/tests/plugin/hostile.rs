//! A server that says what no server says: each is an error, soon, and costs no more than what it sent.

use crate::stand_in::{OK, Packets, listen};
use crate::support::at;
use serde_json::json;
use std::io::{self, Write};
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, RequestContext};
use wellhead_test_sql::{BUDGET, query};

const PREPARED: &[u8] = &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const BIGINT: &[u8] = b"\x03def\0\0\0\x01v\0\x0c\x3f\0\0\0\0\0\x08\0\0\0\0\0";

fn ask(serve: impl Fn(Packets) -> io::Result<()> + Send + 'static) -> String {
    let plugin = at(listen(serve), "who", "secret", json!({})).unwrap();
    block_on(async {
        let model = serde_json::from_value(json!({"rawSql": "VALUES (1)", "format": "table"})).unwrap();
        let result = plugin.query(&RequestContext::new(1, BUDGET), query(model)).await;
        let error = match result {
            Err(error) => error,
            Ok(result) => result.collect().await.unwrap_err(),
        };
        assert!((500..600).contains(&error.status()) || error.message().contains("LOCAL"), "{error:?}");
        error.message().to_owned()
    })
}

#[test]
fn a_greeting_that_is_none_is_an_error() {
    for (greeting, expected) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "packet 80 where 0 should come"),
        (b"\xff\xff\xff\0\x0a", "closed the connection"),
        (b"\x01\0\0\0\x0a", "no greeting"),
        (b"\0\0\0\0", "no greeting"),
        (b"\x05\0\0\x07\x0aabcd", "packet 7 where 0 should come"),
        (b"", "closed the connection"),
    ] {
        let message = ask(move |mut client| client.stream.write_all(greeting));
        assert!(message.contains(expected), "{greeting:?}: {message}");
    }
}

#[test]
fn a_log_in_that_never_ends_or_goes_on_as_it_should_not_is_an_error() {
    for (packet, expected) in [
        (&b"\xfemysql_native_password\0abcdefghijklmnopqrst\0"[..], "no end"),
        (b"\xfe", "mysql_old_password"),
        (b"\xfedialog\0", "log in by \"dialog\", which is not supported"),
        (b"\x01\x09", "goes on as it should not"),
        (b"\x07", "goes on as it should not"),
    ] {
        let message = ask(move |mut client| {
            client.greet("caching_sha2_password")?;
            loop {
                client.receive()?;
                client.send(packet)?;
            }
        });
        assert!(message.contains(expected), "{packet:?}: {message}");
    }
    for key in [&b"\x01-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"[..], b"\x01", b"\x02"] {
        let message = ask(move |mut client| {
            client.greet("caching_sha2_password")?;
            client.receive()?;
            client.send(&[1, 4])?;
            client.receive()?;
            client.send(key)
        });
        assert!(message.contains("public key"), "{message}");
    }
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for (packets, expected) in [
        (vec![&huge[..]], "number of columns"),
        (vec![b"\xfbf"], "LOAD DATA LOCAL"),
        (vec![b"\x02", b"\x03def"], "a column's definition"),
        (vec![b"\x02", BIGINT], "closed the connection"),
        (vec![b"\xfc\xff\xff", BIGINT], "closed the connection"),
        (vec![b"\x01", BIGINT], "closed the connection"),
        (vec![b"\x01", BIGINT, b""], "without its nulls"),
        (vec![b"\x01", BIGINT, b"\0"], "without its nulls"),
        (vec![b"\x01", BIGINT, b"\x09\0"], "without its nulls"),
        (vec![b"\x01", BIGINT, b"\0\0\x01\x02"], "column \"v\": the server sent a value that is no LongLong"),
        (vec![b"\x01", BIGINT, b"\0\x00abcdefghi"], "1 bytes more"),
        (vec![b"\x01", BIGINT, b"\0\x04a"], "1 bytes more"),
        (vec![b"\x01", BIGINT, b"\xff"], "without its nulls"),
    ] {
        let packets: Vec<Vec<u8>> = packets.into_iter().map(<[u8]>::to_vec).collect();
        let shown = format!("{packets:?}");
        let message = ask(move |client| answer(client, &packets));
        assert!(message.contains(expected), "{shown}: {message}");
    }
}

fn answer(mut client: Packets, packets: &[Vec<u8>]) -> io::Result<()> {
    client.greet("mysql_native_password")?;
    client.receive()?;
    client.send(OK)?;
    client.serve(|command, client| {
        if command.first() == Some(&0x16) {
            return client.send(PREPARED);
        }
        for packet in packets {
            client.send(packet)?;
        }
        Err(io::Error::other("enough"))
    })
}
