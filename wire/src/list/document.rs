//! What stands on a list, as it stands there: strings are kept letter by letter, rows in their order.
//!
//! A document can hold anything that has its shape; whether a schema would take it is asked by reading
//! (`read`) and by writing (`write`).

use std::fmt;

use protocol::{register::ListKind, release::Release};

use super::timestamp::Timestamp;

/// The formats of the lists, by the release that brought them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ListFormat {
    /// Release 1.0, April 2018: ZAL, OCL, and a Whitelist whose nodes are plain text.
    R1_0,
    /// Release 1.1, end of 2018: identifiers of at most 30 characters, a Whitelist whose nodes have a Hostname,
    /// and the GNL.
    R1_1,
    /// Since release 1.4, 2021: the ZAL says Aanbiedertype, Interfaceversies and Abonneren. The Whitelist is that
    /// of release 1.1. How OCL and GNL look in it is not known.
    R1_4,
}

impl ListFormat {
    /// Every format, oldest first.
    pub const ALL: [Self; 3] = [Self::R1_0, Self::R1_1, Self::R1_4];

    /// The release that brought it: `1.0`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::R1_0 => "1.0",
            Self::R1_1 => "1.1",
            Self::R1_4 => "1.4",
        }
    }

    /// The format that lists of this release have.
    pub const fn of(release: Release) -> Self {
        match release {
            Release::R1_0 => Self::R1_0,
            Release::R1_1 => Self::R1_1,
        }
    }

    /// Whether it is known how this list looks in it.
    pub const fn has(self, kind: ListKind) -> bool {
        match kind {
            ListKind::Zal | ListKind::Whitelist => true,
            ListKind::OauthClients => !matches!(self, Self::R1_4),
            ListKind::Gegevensdiensten => matches!(self, Self::R1_1),
        }
    }
}

impl fmt::Display for ListFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What every list begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The format it was read as, or made for. Where a list fits those of 1.0 and 1.1 alike, that of 1.1.
    pub format: ListFormat,
    /// Tijdstempel.
    pub published: Timestamp,
    /// Volgnummer, from 1.
    pub number: u32,
}

/// One list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListDocument {
    /// Zorgaanbiederslijst.
    Zal(ZalDocument),
    /// Whitelist.
    Whitelist(WhitelistDocument),
    /// OAuth client list.
    OauthClients(OauthClientsDocument),
    /// Gegevensdienstnamenlijst.
    Gegevensdiensten(GegevensdienstenDocument),
}

impl ListDocument {
    /// Which list it is.
    pub const fn kind(&self) -> ListKind {
        match self {
            Self::Zal(_) => ListKind::Zal,
            Self::Whitelist(_) => ListKind::Whitelist,
            Self::OauthClients(_) => ListKind::OauthClients,
            Self::Gegevensdiensten(_) => ListKind::Gegevensdiensten,
        }
    }

    /// What it begins with.
    pub const fn header(&self) -> &Header {
        match self {
            Self::Zal(zal) => &zal.header,
            Self::Whitelist(whitelist) => &whitelist.header,
            Self::OauthClients(clients) => &clients.header,
            Self::Gegevensdiensten(diensten) => &diensten.header,
        }
    }
}

/// Zorgaanbiederslijst: who offers what, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZalDocument {
    /// What it begins with.
    pub header: Header,
    /// Its Zorgaanbieders.
    pub zorgaanbieders: Vec<Zorgaanbieder>,
}

/// One Zorgaanbieder of the ZAL.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Zorgaanbieder {
    /// Zorgaanbiedernaam, with `@medmij`.
    pub naam: String,
    /// What it offers.
    pub offers: Offers,
}

/// What a Zorgaanbieder offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Offers {
    /// Releases 1.0 and 1.1: its Gegevensdiensten.
    Plain(Vec<Gegevensdienst>),
    /// Since release 1.4: its Gegevensdiensten per version of the interface.
    Versioned {
        /// Aanbiedertype.
        aanbiedertype: Aanbiedertype,
        /// Interfaceversies.
        versies: Vec<Interfaceversie>,
    },
}

impl Default for Offers {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

/// What kind of provider it is; since release 1.4.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Aanbiedertype {
    /// `ZA`: a Zorgaanbieder.
    #[default]
    Za,
    /// `BAZB`: somebody who offers data of Zorgaanbieders without being one.
    Bazb,
}

impl Aanbiedertype {
    /// As the list writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Za => "ZA",
            Self::Bazb => "BAZB",
        }
    }

    /// The one that the list writes so.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Za, Self::Bazb].into_iter().find(|kind| kind.name() == name)
    }
}

/// What is offered over one version of the interface; since release 1.4.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interfaceversie {
    /// InterfaceversieId, such as `1.4.0` or `2`.
    pub id: String,
    /// Its Gegevensdiensten.
    pub diensten: Vec<Gegevensdienst>,
}

/// One Gegevensdienst of one Zorgaanbieder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gegevensdienst {
    /// GegevensdienstId.
    pub id: String,
    /// AuthorizationEndpointuri.
    pub authorization: String,
    /// TokenEndpointuri.
    pub token: String,
    /// Abonneren: present where one can subscribe to it; since release 1.4.
    pub abonneren: Option<Abonneren>,
    /// Systeemrollen.
    pub rollen: Vec<Systeemrol>,
}

/// How one subscribes to a Gegevensdienst; since release 1.4.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Abonneren {
    /// MaximaleDuur, in days.
    pub maximale_duur: u32,
    /// SubscriptionEndpointuri.
    pub subscription: String,
}

/// One Systeemrol of a Gegevensdienst.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Systeemrol {
    /// Systeemrolcode.
    pub code: String,
    /// ResourceEndpointuri.
    pub resource: String,
}

/// Whitelist: which nodes may take part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhitelistDocument {
    /// What it begins with.
    pub header: Header,
    /// The hostname of each MedMijNode.
    pub nodes: Vec<String>,
}

/// OAuth client list: which PGO GWs there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OauthClientsDocument {
    /// What it begins with.
    pub header: Header,
    /// Its clients.
    pub clients: Vec<OauthClient>,
}

/// One row of the OAuth client list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OauthClient {
    /// Hostname, which is the client id.
    pub hostname: String,
    /// OAuthclientOrganisatienaam.
    pub organisatienaam: String,
}

/// Gegevensdienstnamenlijst: what people read for a GegevensdienstId; since release 1.1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GegevensdienstenDocument {
    /// What it begins with.
    pub header: Header,
    /// Its rows.
    pub diensten: Vec<Gegevensdienstnaam>,
}

/// One row of the Gegevensdienstnamenlijst.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gegevensdienstnaam {
    /// GegevensdienstId.
    pub id: String,
    /// Weergavenaam.
    pub weergavenaam: String,
}
