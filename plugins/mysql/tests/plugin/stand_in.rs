//! A stand-in for a server: packets over a socket, by a script of the test's own, on a thread of its own.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

/// What is said when a client comes.
pub(crate) const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";
/// No TLS, an end of rows by OK packets, all that the plugin wants.
const CAPABILITIES: u32 = 0x810f_a20d;
pub(crate) const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

/// Listens for as long as the test runs; the port.
pub(crate) fn listen(serve: impl Fn(Packets) -> io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // That the client hangs up is part of some tests.
            let _ = serve(Packets { stream: stream.unwrap(), sequence: 0, name: "one" });
        }
    });
    port
}

/// One client.
pub(crate) struct Packets {
    pub(crate) stream: TcpStream,
    sequence: u8,
    /// Its `@@server_uuid`.
    pub(crate) name: &'static str,
}

impl Packets {
    pub(crate) fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        let [a, b, c, _] = (packet.len() as u32).to_le_bytes();
        self.stream.write_all(&[&[a, b, c, self.sequence], packet].concat())?;
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }

    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head)?;
        let [a, b, c, sequence] = head;
        self.sequence = sequence.wrapping_add(1);
        let mut packet = vec![0; u32::from_le_bytes([a, b, c, 0]) as usize];
        self.stream.read_exact(&mut packet)?;
        Ok(packet)
    }

    /// Greets as MySQL 8 does, which proposes this method.
    pub(crate) fn greet(&mut self, method: &str) -> io::Result<()> {
        let mut greeting = b"\x0a8.0.36\0\x07\0\0\0".to_vec();
        greeting.extend_from_slice(&NONCE[..8]);
        greeting.push(0);
        greeting.extend_from_slice(&CAPABILITIES.to_le_bytes()[..2]);
        greeting.extend_from_slice(&[0xff, 2, 0]);
        greeting.extend_from_slice(&CAPABILITIES.to_le_bytes()[2..]);
        greeting.push(21);
        greeting.extend_from_slice(&[0; 10]);
        greeting.extend_from_slice(&NONCE[8..]);
        greeting.push(0);
        greeting.extend_from_slice(method.as_bytes());
        greeting.push(0);
        self.send(&greeting)
    }

    /// A result of one row of texts.
    pub(crate) fn rows(&mut self, row: &[&[u8]]) -> io::Result<()> {
        self.send(&[row.len() as u8])?;
        for _ in row {
            self.send(b"\x03def\0\0\0\x01v\0\x0c\xe0\0\0\0\0\0\xfd\0\0\0\0\0")?;
        }
        let lengths_and_texts: Vec<u8> = row.iter().flat_map(|text| [&[text.len() as u8], *text].concat()).collect();
        self.send(&lengths_and_texts)?;
        self.send(&[0xfe, 0, 0, 2, 0, 0, 0])
    }

    /// Answers what a session asks first, then each command as `answer` has it, until the client takes leave.
    pub(crate) fn serve(&mut self, answer: impl Fn(&[u8], &mut Self) -> io::Result<()>) -> io::Result<()> {
        loop {
            let command = self.receive()?;
            match command.as_slice() {
                [1] => return Ok(()),
                [3, b'S', b'E', b'T', ..] | [14] => self.send(OK)?,
                // Its sql_mode, who it is, and that it does nothing at a log in.
                [3, b'S', ..] => self.rows(&[b"", self.name.as_bytes(), b"1"])?,
                other => answer(other, self)?,
            }
        }
    }
}
