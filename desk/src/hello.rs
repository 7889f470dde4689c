//! A ClientHello by hand, to find what a server agrees to that no library of ours would offer (RFC 5246 §7.4.1, RFC 8446
//! §4.1.2): old versions and weak suites.
//!
//! Reads the first record that comes and goes away: never makes a session.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long the server may take.
const LIMIT: Duration = Duration::from_secs(5);

/// SSL 3.0, as it stands in a hello.
pub const SSL_3_0: u16 = 0x0300;
/// TLS 1.0.
pub const TLS_1_0: u16 = 0x0301;
/// TLS 1.1.
pub const TLS_1_1: u16 = 0x0302;
/// TLS 1.2.
pub const TLS_1_2: u16 = 0x0303;
/// TLS 1.3.
pub const TLS_1_3: u16 = 0x0304;

/// Suites of TLS 1.2 that the NCSC calls good (its guidelines 2.0 of 2019, as everywhere here).
pub const GOOD: &[u16] = &[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
/// Suites of TLS 1.3.
pub const OF_1_3: &[u16] = &[0x1301, 0x1302, 0x1303];
/// Suites of TLS 1.2 and before that it calls sufficient or less: CBC, RSA key exchange, 3DES, RC4.
pub const WEAK: &[u16] = &[
    0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028, 0x002f, 0x0035, 0x003c, 0x003d,
    0x009c, 0x009d, 0xc008, 0xc012, 0x000a, 0x0005,
];

/// Suites that it calls insufficient: RC4, no encryption, export keys, single DES, nobody vouched for.
pub const INSUFFICIENT: &[u16] = &[
    0x0004, 0x0005, 0xc007, 0xc011, 0x0001, 0x0002, 0x003b, 0xc006, 0xc010, 0x0003, 0x0006, 0x0008,
    0x0014, 0x0009, 0x0015, 0x0018, 0x0034, 0x003a, 0x006c, 0x006d, 0x00a6, 0x00a7, 0xc016, 0xc018,
    0xc019,
];

/// What a server says to a hello.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// It goes on, with that version and suite.
    Agreed {
        /// The version.
        version: u16,
        /// The suite.
        suite: u16,
    },
    /// It does not: an alert, or it closed.
    Refused,
}

/// Says hello: the highest of those versions, of which older ones follow only from TLS 1.3 on. SSL 3.0 names nobody, so that
/// a door of several names answers by whichever it takes then.
///
/// # Errors
/// Nobody listens there, it takes too long, or what comes is no TLS.
pub async fn say(
    at: SocketAddr,
    name: &str,
    versions: &[u16],
    suites: &[u16],
) -> Result<Said, String> {
    let talk = async {
        let cannot = |error: std::io::Error| format!("{at}: {error}");
        let mut stream = TcpStream::connect(at).await.map_err(cannot)?;
        stream.write_all(&hello(name, versions, suites)).await.map_err(cannot)?;
        let mut head = [0; 5];
        // Whoever goes away without a word has refused.
        if stream.read_exact(&mut head).await.is_err() {
            return Ok(Said::Refused);
        }
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let mut record = vec![0; length];
        match head[0] {
            22 if head[1] == 3 => {
                stream.read_exact(&mut record).await.map_err(cannot)?;
                read(&record).ok_or_else(|| "a ServerHello that cannot be read".to_owned())
            }
            21 if head[1] == 3 => Ok(Said::Refused),
            _ => Err(format!("no TLS: it began with {:02x?}", head)),
        }
    };
    timeout(LIMIT, talk).await.map_err(|_| format!("nothing within {} s", LIMIT.as_secs()))?
}

/// Version and suite of a ServerHello.
fn read(record: &[u8]) -> Option<Said> {
    let body = record.strip_prefix(&[2]).and_then(|rest| rest.get(3..))?;
    let mut version = u16::from_be_bytes([*body.first()?, *body.get(1)?]);
    let session = usize::from(*body.get(34)?);
    let rest = body.get(35 + session..)?;
    let suite = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
    let mut extensions = rest.get(5..).unwrap_or_default();
    while let [kind_high, kind_low, high, low, after @ ..] = extensions {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let content = after.get(..length)?;
        // supported_versions (RFC 8446 §4.2.1).
        if (*kind_high, *kind_low) == (0, 43) && content.len() == 2 {
            version = u16::from_be_bytes([content[0], content[1]]);
        }
        extensions = &after[length..];
    }
    Some(Said::Agreed { version, suite })
}

fn hello(name: &str, versions: &[u16], suites: &[u16]) -> Vec<u8> {
    let highest = versions.iter().copied().max().unwrap_or(TLS_1_2);
    let mut body = highest.min(TLS_1_2).to_be_bytes().to_vec();
    // No session is ever made of it, so that it need not be random.
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(sized(&suites.iter().flat_map(|suite| suite.to_be_bytes()).collect::<Vec<u8>>()));
    body.extend([1, 0]);
    if highest != SSL_3_0 {
        body.extend(sized(&extensions(name, highest, versions)));
    }
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    // Servers of TLS take any second number, and those of SSL their own (RFC 5246 §E.1).
    let record = if highest == SSL_3_0 { 0 } else { 1 };
    [&[22, 3, record][..], &sized(&message)].concat()
}

/// What SSL has not: the name that is sought, and all that tells more than versions and suites.
fn extensions(name: &str, highest: u16, versions: &[u16]) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut add = |kind: u16, content: &[u8]| {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(sized(content));
    };
    let host = [&[0][..], &sized(name.as_bytes())].concat();
    add(0, &sized(&host));
    // Groups: x25519, secp256r1, secp384r1.
    add(10, &sized(&[0, 29, 0, 23, 0, 24]));
    add(11, &[1, 0]);
    // Signatures: ECDSA and RSA with SHA-256 to SHA-512, RSA-PSS, and SHA-1 for who is that old.
    add(13, &sized(&[4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1, 2, 3, 2, 1]));
    add(16, &sized(&[&[8][..], b"http/1.1"].concat()));
    if highest == TLS_1_3 {
        let list: Vec<u8> = versions.iter().flat_map(|version| version.to_be_bytes()).collect();
        add(43, &[&[list.len() as u8][..], &list].concat());
        // A share of x25519: any 32 bytes are a point.
        let share = [&[0, 29][..], &sized(&[9; 32])].concat();
        add(51, &sized(&share));
    }
    extensions
}

/// With its length in two bytes before it.
fn sized(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u16).to_be_bytes()[..], content].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_library_reads_the_hello_as_it_was_meant() {
        let mut acceptor = rustls::server::Acceptor::default();
        let bytes = hello("za.example.nl", &[TLS_1_3, TLS_1_2], &[OF_1_3, GOOD].concat());
        acceptor.read_tls(&mut &bytes[..]).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let read = accepted.client_hello();
        assert_eq!(read.server_name(), Some("za.example.nl"));
        assert_eq!(read.cipher_suites().len(), OF_1_3.len() + GOOD.len());
    }

    #[test]
    fn a_hello_of_ssl_has_no_extensions() {
        let bytes = hello("za.example.nl", &[SSL_3_0], INSUFFICIENT);
        // Record, message, version, random, session, suites, compression.
        assert_eq!(bytes.len(), 5 + 4 + 2 + 32 + 1 + 2 + 2 * INSUFFICIENT.len() + 2);
        assert_eq!((&bytes[..3], &bytes[9..11]), (&[22, 3, 0][..], &[3, 0][..]));
    }

    proptest! {
        #[test]
        fn any_record_is_a_server_hello_or_none(record in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&record);
            let _ = read(&[&[2, 0, 0, 0][..], &record].concat());
        }
    }
}
