//! The elements of the lists and the namespaces that they are in.

use protocol::register::ListKind;

use super::document::ListFormat;

macro_rules! tags {
    ($($name:ident)*) => {
        /// An element of a list, called as it is in XML.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Tag { $($name),* }

        impl Tag {
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

tags! {
    Aanbiedertype Abonneren AuthorizationEndpoint AuthorizationEndpointuri Gegevensdienst GegevensdienstId
    Gegevensdiensten Gegevensdienstnamenlijst Hostname Interfaceversie InterfaceversieId Interfaceversies
    MaximaleDuur MedMijNode MedMijNodes OAuthclient OAuthclientOrganisatienaam OAuthclientlist OAuthclients
    ResourceEndpoint ResourceEndpointuri SubscriptionEndpointuri Systeemrol Systeemrolcode Systeemrollen
    Tijdstempel TokenEndpoint TokenEndpointuri Volgnummer Weergavenaam Whitelist Zorgaanbieder
    Zorgaanbiedernaam Zorgaanbieders Zorgaanbiederslijst
}

/// The namespace of `xsi:schemaLocation`.
pub(super) const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

const WHITELIST: &str = "xmlns://afsprakenstelsel.medmij.nl/whitelist/release2/";
const OCL: &str = "xmlns://afsprakenstelsel.medmij.nl/oauthclientlist/release2/";
const GNL: &str = "xmlns://afsprakenstelsel.medmij.nl/gegevensdienstnamenlijst/release1/";
const ZAL_RELEASE2: &str = "xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release2/";
const ZAL_RELEASE3: &str = "xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release3/";

/// The root element of a list.
pub(super) const fn root(kind: ListKind) -> Tag {
    match kind {
        ListKind::Zal => Tag::Zorgaanbiederslijst,
        ListKind::Whitelist => Tag::Whitelist,
        ListKind::OauthClients => Tag::OAuthclientlist,
        ListKind::Gegevensdiensten => Tag::Gegevensdienstnamenlijst,
    }
}

/// The namespace that a list is in, in that format.
pub(super) const fn namespace(kind: ListKind, format: ListFormat) -> &'static str {
    match (kind, format) {
        (ListKind::Zal, ListFormat::R1_4) => ZAL_RELEASE3,
        (ListKind::Zal, _) => ZAL_RELEASE2,
        (ListKind::Whitelist, _) => WHITELIST,
        (ListKind::OauthClients, _) => OCL,
        (ListKind::Gegevensdiensten, _) => GNL,
    }
}
