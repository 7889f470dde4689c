//! What cryptography costs on this machine, with the libraries and keys of a twin: handshakes in memory, and the
//! signatures of one login.
//!
//! Times what a processor does, without sockets, actors or pages. Decides nothing.

use std::{io, sync::Arc, time};

use protocol::{
    bsn::Bsn,
    id::{HostId, NameId, Opaque, PersonId},
    message::{Assertion, Assurance, AuthnRequest, Request, SamlStatus},
    role::Role,
    time::{Duration, WallTime},
};
use rustls::{ClientConnection, ConnectionCommon, ServerConnection, pki_types::ServerName};
use wire::codec::Saml as _;

use crate::world::{Witness, World};

/// What a full handshake costs each end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handshake {
    /// Who opens the connection.
    pub asker: Duration,
    /// Who takes it.
    pub answerer: Duration,
}

/// Adds to what was spent how long a thing takes.
fn timed<T>(spent: &mut time::Duration, does: impl FnOnce() -> T) -> T {
    let began = time::Instant::now();
    let done = does();
    *spent += began.elapsed();
    done
}

fn nanos(spent: time::Duration) -> Duration {
    Duration::from_nanos(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX))
}

/// Carries what one end has to say to the other.
fn carry<A, B>(from: &mut ConnectionCommon<A>, to: &mut ConnectionCommon<B>) -> Option<()> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).ok()?;
    }
    let mut bytes = io::Cursor::new(bytes);
    while (bytes.position() as usize) < bytes.get_ref().len() {
        to.read_tls(&mut bytes).ok()?;
        to.process_new_packets().ok()?;
    }
    Some(())
}

impl<S: Witness> World<S> {
    /// A full handshake between a host, or a browser, and a name, without a network in between. None where the name
    /// has no TLS.
    pub fn measure_handshake(&self, asker: Option<HostId>, to: NameId) -> Option<Handshake> {
        let entrance = self.entrance(to).filter(|entrance| !entrance.is_plain())?;
        let text = self.texts.with(|names| names.host_text(to).to_owned());
        let shows = asker.map(|asker| self.network.hosts[asker.place()].back);
        let shows = shows.map(|back| self.texts.with(|names| names.host_text(back).to_owned()));
        let (mut asking, mut answering) = (time::Duration::ZERO, time::Duration::ZERO);
        let mut client = timed(&mut asking, || {
            let (config, _) = self.tls.client(shows.as_deref()).ok()?;
            ClientConnection::new(Arc::new(config), ServerName::try_from(text).ok()?).ok()
        })?;
        let mut server =
            timed(&mut answering, || ServerConnection::new(self.tls.server(entrance)).ok())?;
        while client.is_handshaking() || server.is_handshaking() {
            // Whoever reads does the work.
            timed(&mut answering, || carry(&mut client, &mut server))?;
            timed(&mut asking, || carry(&mut server, &mut client))?;
        }
        Some(Handshake { asker: nanos(asking), answerer: nanos(answering) })
    }

    /// All SAML messages of one login, signed and verified: AuthnRequest, ArtifactResolve and ArtifactResponse. None
    /// where nobody logs in.
    pub fn measure_login(&self) -> Option<Duration> {
        let of = |role| self.network.hosts.iter().find(|host| host.role() == role);
        let (za, digid) = (of(Role::Za)?.back, of(Role::Digid)?.back);
        let mut spent = time::Duration::ZERO;
        let (id, relay_state) = (Opaque::uuid_v4(1), Opaque::uuid_v4(2));
        let request =
            AuthnRequest { id, issuer: za, relay_state, level: Assurance::Midden, signed: true };
        timed(&mut spent, || {
            let text = self.wording.write_authn_request(digid, &request);
            self.wording.read_authn_request(digid, &text, relay_state).ok()?;
            let artifact = Opaque::uuid_v4(3);
            let bytes = self.wording.write_artifact_resolve(digid, artifact, za, true);
            self.wording.read_artifact_resolve(digid, &bytes).ok()?;
            let assertion = Assertion {
                in_response_to: id,
                status: SamlStatus::Success,
                level: Assurance::Midden,
                bsn: Bsn(PersonId(1)),
                audience: za,
                not_before: WallTime::from_nanos(0),
                not_on_or_after: WallTime::from_nanos(1_000_000_000),
                signed: true,
            };
            let asked = Request::ResolveArtifact { artifact, issuer: za, signed: true };
            let bytes = self.wording.write_artifact_response(digid, &asked, &assertion);
            self.wording.read_artifact_response(digid, artifact, &bytes).ok()
        })?;
        Some(nanos(spent))
    }
}
