//! Sockets and names, by WASI 0.2 (through std) and 0.3.

use crate::deed::{Deed, Outcome};
use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use wasip3::sockets::ip_name_lookup;
use wasip3::sockets::types::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket, UdpSocket as UdpSocket3};

pub(crate) fn query(deed: &Deed) -> Option<Outcome> {
    let address = deed.text("address");
    let words = match deed.name() {
        "tcp-connect" => said(TcpStream::connect(address)),
        "tcp-listen" => said(TcpListener::bind(address)),
        "udp-bind" => said(UdpSocket::bind(address).and_then(|socket| socket.send_to(b"x", address))),
        "look-up" => said(address.to_socket_addrs()),
        _ => return None,
    };
    Some(Outcome::Told(words))
}

pub(crate) async fn wait(deed: &Deed) -> Option<Outcome> {
    let local = |port| IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    let port = u16::try_from(deed.number("port")).unwrap_or_default();
    let words = match deed.name() {
        "tcp-connect-0.3" => match TcpSocket::create(IpAddressFamily::Ipv4) {
            Ok(socket) => format!("{:?}", socket.connect(local(port)).await),
            Err(error) => format!("create: {error:?}"),
        },
        "tcp-listen-0.3" => match TcpSocket::create(IpAddressFamily::Ipv4) {
            Ok(socket) => {
                let bound = socket.bind(local(0));
                format!("bind: {bound:?}, listen: {:?}", socket.listen().map(drop))
            }
            Err(error) => format!("create: {error:?}"),
        },
        "udp-send-0.3" => match UdpSocket3::create(IpAddressFamily::Ipv4) {
            Ok(socket) => format!("{:?}", socket.send(b"x".to_vec(), Some(local(port))).await),
            Err(error) => format!("create: {error:?}"),
        },
        "look-up-0.3" => {
            format!("{:?}", ip_name_lookup::resolve_addresses("localhost".into()).await.map(|found| found.len()))
        }
        _ => return None,
    };
    Some(Outcome::Told(words))
}

fn said<T>(outcome: io::Result<T>) -> String {
    match outcome {
        Ok(_) => "it worked".into(),
        Err(error) => error.kind().to_string(),
    }
}
