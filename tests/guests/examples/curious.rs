//! Looks for what WASI programs usually have: arguments, environment, files, sockets, names. What
//! it finds it returns as the error's text.

use std::net::TcpStream;

use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, export};

struct Curious;

impl Plugin for Curious {
    fn describe() -> Description {
        plugin::describe("curious", "Curious", "0.1.0")
    }
}

impl Listings for Curious {
    /// `id` is the address of a socket that listens.
    fn get(id: String) -> Result<Listing, Error> {
        let found = serde_json::json!({
            "arguments": std::env::args().collect::<Vec<_>>(),
            "environment": std::env::vars().collect::<Vec<_>>(),
            "preopens": wasip2::filesystem::preopens::get_directories().len(),
            "root": std::fs::read_dir("/").is_ok(),
            "passwd": std::fs::read("/etc/passwd").is_ok(),
            "written": std::fs::write("found", "x").is_ok(),
            "tcp": TcpStream::connect(&id).is_ok(),
            "udp": std::net::UdpSocket::bind("127.0.0.1:0").is_ok(),
            "names": std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok(),
            "stdin": std::io::Read::bytes(std::io::stdin()).count(),
        });
        Err(Error::NotFound(found.to_string()))
    }
}

export!(Curious: Listings);
