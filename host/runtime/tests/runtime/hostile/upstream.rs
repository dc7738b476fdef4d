//! The servers and names a guest may try to reach.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wellhead_egress::{Egress, ProxySettings, Resolve, Resolving};

/// The data source's own server, and another that nobody may reach.
pub(super) struct Upstream {
    pub(super) own: String,
    pub(super) other: String,
    /// Connections to the other one: there are to be none.
    pub(super) strayed: Arc<AtomicUsize>,
}

impl Upstream {
    pub(super) fn start() -> Self {
        let strayed: Arc<AtomicUsize> = Arc::default();
        let other = serve("theirs".into(), strayed.clone());
        let own = serve(other.clone(), Arc::default());
        Self { own, other, strayed }
    }

    /// `text` with the addresses for `{own}`, `{own_port}` and `{other}`.
    pub(super) fn fill(&self, text: &str) -> String {
        let port = self.own.rsplit(':').next().unwrap_or_default();
        text.replace("{own_port}", port).replace("{own}", &self.own).replace("{other}", &self.other)
    }

    /// The other way round.
    pub(super) fn redact(&self, text: &str) -> String {
        let port = self.own.rsplit(':').next().unwrap_or_default();
        text.replace(&self.own, "{own}").replace(&self.other, "{other}").replace(port, "{own_port}")
    }
}

/// `/away` redirects to `other`, `/metadata` to the cloud's, `/hang` never answers, `/head` tells the request's head;
/// everything else answers `mine`.
fn serve(other: String, connections: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            connections.fetch_add(1, Ordering::Relaxed);
            let other = other.clone();
            std::thread::spawn(move || answer(stream, &other));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, other: &str) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            size => head.extend_from_slice(&chunk[..size]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, location, body) = match path {
        "/away" => ("302 Found", format!("location: {other}/x\r\n"), String::new()),
        "/metadata" => ("302 Found", "location: http://169.254.169.254/latest/\r\n".into(), String::new()),
        "/hang" => return io::copy(&mut stream, &mut io::sink()).map(drop),
        "/head" => ("200 OK", String::new(), head.replace("\r\n", "|")),
        _ => ("200 OK", String::new(), "mine".into()),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{location}content-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    // Until the client closes, or an unread body would reset the connection.
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// A way out with a name server of the attacker's.
pub(super) fn egress() -> Egress {
    Egress::builder().proxy(ProxySettings::None).resolver(Names).build().unwrap()
}

struct Names;

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Resolving {
        let address: Option<IpAddr> = match host {
            "metadata.test" => Some([169, 254, 169, 254].into()),
            "link-local.test" => "fe80::1".parse().ok(),
            "mapped.test" => "::ffff:169.254.169.254".parse().ok(),
            "nowhere.test" => Some([0, 0, 0, 0].into()),
            _ => None,
        };
        Box::pin(async move { address.map(|address| vec![address]).ok_or(io::ErrorKind::NotFound.into()) })
    }
}
