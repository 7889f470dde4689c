//! What was seen when a rule was not kept: a closed list, as text only on output.

macro_rules! reasons {
    ($($name:ident: $text:literal;)*) => {
        /// What was seen when a rule was not kept.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Why {
            $(#[doc = $text] $name,)*
        }

        impl Why {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// In one line, as reports say it.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    // The PGO GW
    NoOffer: "the PGO was opened and offered nothing";
    NotOnZal: "the person was sent out for what no valid ZAL of this node has";
    ListedNotOffered: "the PGO did not offer what its ZAL has";
    OtherEndpoint: "the address is not that of a valid ZAL of this node";
    OtherRequest: "the authorization request is not for what was chosen, or not this client's";
    NoState: "the authorization request carries no state";
    RedirectNotHttps: "the redirect URI is not full and HTTPS";
    OtherResponseType: "the authorization request asks for something else than a code";
    NotInCatalogue: "the service is not in the Gegevenscatalogus";
    OtherQuery: "the catalogue has no such query for this service";
    QueryMissing: "the collection ended without every query of the service";
    StateNotGiven: "a code was taken with a state that this browser was not given";
    CodeOfNobody: "a code was offered that did not come back to the PGO in this flow";
    TokenOfNobody: "a token was used that did not come to the PGO in this flow";
    OfferedAgain: "a client offered a code for the second time";
    ThroughBrowser: "a code or token came from a browser";
    BsnInRequest: "a resource request holds a BSN";
    NotStopped: "the person had the PGO stop, and it did not";
    NotToldPerson: "the PGO was told an exception and did not tell the person";
    ToldPersonOther: "the PGO told the person something else than it was told";
    NotStored: "an answer that came was not stored by the end of the collection";
    NotLogged: "it was not logged";
    WithoutTls: "the address in use is not reached by TLS";

    // The authorization endpoint
    UnknownClientServed: "a client was served that is on no OAuth client list of this node";
    RedirectOfOther: "a request was served with a redirect URI at another host than its client's";
    ScopeNotSingle: "it is not for exactly the one service that was asked";
    OtherGrantType: "the grant type is not authorization_code";
    InvalidServed: "an invalid request was served";
    InvalidRedirected: "an invalid request was answered by a redirect";
    OtherCauseTold: "the person was told another cause than what is wrong with the request";
    ListedNotServed: "a valid request for what the ZAL lists was refused";
    NotSentToDigid: "the person was not sent to DigiD when the flow began";
    NoWayBack: "DigiD was not told the way back to this gateway";
    NoSession: "no session was opened with this browser";

    // Login and consent
    CredentialsElsewhere: "credentials were asked or taken by another host than DigiD";
    NotAskedCredentials: "DigiD did not ask for credentials";
    NoCredentials: "DigiD vouches for a person who gave no right credentials";
    OtherWayBack: "the browser was sent back to another host, or with another value than was given";
    ResolvedTwice: "an artifact was resolved for the second time";
    BsnToOther: "the BSN went to another than a ZA GW on the back channel";
    BsnInAnswer: "a resource answer holds a BSN";
    NotIdentified: "the identity was not established";
    RelayStateOfOther: "an artifact counted that this browser was not sent for";
    StoppedAfterLogin: "the flow did not go on after the login";
    NotLookedUp: "availability was not looked up";
    AskedForOther: "availability was asked for another person, Zorgaanbieder or service";
    NotAskedConsent: "the consent question was not put";
    QuestionOfOther: "the consent question names another Zorgaanbieder, service or PGO than was asked";
    NoConsent: "a code was given without a yes";
    AnswerOfOther: "an answer counted that is to no question this browser was shown";
    UnderAgeServed: "a code was given for a person under the age limit";
    NotToldPgo: "the PGO was not told the exception";
    ToldPgoOther: "the PGO was told something else than what happened";

    // Codes, tokens and data
    NotUuidV4: "the value is no UUID of version 4";
    EqualValues: "the value is equal to one that is valid at this server";
    TokenInUrl: "a value that went through a URL counted as a token";
    WithoutCertificate: "a client without a certificate was served";
    NeverIssued: "a value counted that this server never issued";
    HonouredTwice: "a code counted that was offered before";
    HonouredForOther: "a code counted that was issued to another client";
    HonouredTooLate: "a value counted 900 s after it was issued, or later";
    GoodCodeRefused: "a good code was refused";
    GoodTokenRefused: "a good token was refused";
    OtherForm: "the refusal does not have the prescribed form";
    OtherLifetime: "the lifetime is not 900 s";
    OtherTokenType: "the token is no bearer token";
    RefreshToken: "a refresh token was issued";
    GrantedOther: "the token is for something else than the consent question named";
    TokenOfOther: "a token was used by another than the client that it was issued to";
    OutsideScope: "data were given that the token does not cover";
    DataOfOther: "the data are another person's";
    AnsweredLate: "it was answered too late, or not at all";

    // Handshakes and lists
    BadCertificateAdmitted: "a certificate was admitted that is not of PKIoverheid or is past its end";
    AdmittedWithoutOcsp: "a certificate was admitted without a good OCSP answer";
    StaleOcspUsed: "a certificate was admitted on an OCSP answer that is out of time, unsigned or another's";
    AdmittedUnlisted: "a host was admitted that is on no Whitelist that could be in use";
    InvalidListUsed: "a list was used that is not valid";
    AskedElsewhere: "a list was asked of another host than the stelselnode";
    NotAskedInTime: "the Whitelist was not asked for in time";
    ListNotServed: "a list was asked for and not served";
    OldVersionServed: "another version than the current one was served";
    ListTooOld: "the list was not refreshed in time";
    NotInRegister: "the list holds what the register does not, or lacks what it has";
    ChangeMissing: "a change of the register is missing from the list";
    OfferedTwice: "one service of one Zorgaanbieder is offered twice";
    NameTwice: "a name is on the list twice";
    EndIsGone: "an offer is listed of which the Zorgaanbieder or the gateway is gone";
    OffersNothing: "a Bron offers no service";
    OtherFriendlyName: "a client on the list is no DVP of the register, or not by its friendly name";
}
