//! Parties that break a rule on purpose, so that it can be shown that somebody notices.
//!
//! A deviant is an ordinary actor with altered numbers, or one around which something rewrites or withholds what
//! it hears or what it wants (semantics 8). No actor contains an `if` for this. A rule about what must be
//! refused only shows when somebody tries: such a deviation names its [`Deviation::companion`], which
//! belongs at the other side.

mod digid;
mod gateway;
mod pgo;
mod stelselnode;
mod wrapper;
mod za;

use std::fmt;

use protocol::{
    role::Role::{self, Digid, Person, Pgo, Stelselnode, Za},
    rule::{self, Rule},
};

pub use wrapper::Deviant;

macro_rules! deviations {
    ($($name:ident, $roles:expr, $rules:expr, $companion:expr, $text:literal;)*) => {
        /// A way to break a rule.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Deviation {
            $(#[doc = $text] $name),*
        }

        impl Deviation {
            /// Every deviation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        identifier: stringify!($name),
                        roles: &$roles,
                        rules: &$rules,
                        companion: $companion,
                        text: $text,
                    }),*
                }
            }
        }
    };
}

struct Row {
    identifier: &'static str,
    roles: &'static [Role],
    rules: &'static [Rule],
    companion: Option<Deviation>,
    text: &'static str,
}

const NODES: [Role; 3] = [Pgo, Za, Stelselnode];

deviations! {
    // Doors and lists, at any node
    OcspIgnored, NODES, [rule::OCSP_AT_HANDSHAKE], None, "takes every certificate for good, without asking";
    StaleOcspAccepted, NODES, [rule::OCSP_FRESH], None, "uses its first OCSP answer on a certificate for ever";
    ExpiredCertificateAccepted, NODES, [rule::PKIO_CERTIFICATE], None, "admits a certificate whose time is over";
    WhitelistIgnored, [Za, Stelselnode], [rule::WHITELIST_AT_HANDSHAKE], None, "admits who is not on the Whitelist";
    WhitelistOfAskedIgnored, [Pgo], [rule::WHITELIST_OF_ASKED], None, "deals with a gateway that is not on the Whitelist";
    WhitelistPulledSeldom, [Pgo, Za], [rule::WHITELIST_PULLED], None, "fetches the Whitelist every two hours";
    WhitelistNotValidated, [Pgo, Za], [rule::WHITELIST_VALIDATED], Some(Deviation::ListsBroken), "uses a Whitelist that does not fit its schema";
    ZalNotValidated, [Pgo], [rule::ZAL_VALIDATED], Some(Deviation::ListsBroken), "uses a ZAL that does not fit its schema";

    // PGO gateway
    CodeOfferedTwice, [Pgo], [rule::CODE_OFFERED_ONCE], None, "offers every code twice";
    CodeOfferedLate, [Pgo], [], None, "offers every code 900.5 s after it came";
    CodesMadeUp, [Pgo], [rule::STEP_OFFER_CODE], None, "offers twelve codes that it made up after every real one";
    OtherClientNamed, [Pgo], [], None, "names another client when it offers a code";
    OtherGrantType, [Pgo], [rule::GRANT_TYPE], None, "asks for a token by another grant type";
    StateNotChecked, [Pgo], [rule::STATE_BOUND], Some(Deviation::StateForged), "takes a code with any state";
    StateDropped, [Pgo], [rule::STATE_REQUIRED, rule::STEP_CHOOSE], None, "sends no state with an authorization request";
    ImplicitGrantAsked, [Pgo], [rule::RESPONSE_TYPE_CODE], None, "asks for a token through the browser";
    RedirectNotHttps, [Pgo], [rule::REDIRECT_OFFERED_HTTPS], None, "names a redirect URI that is not HTTPS";
    TwoServicesAsked, [Pgo], [rule::STEP_CHOOSE], None, "asks for two services in one authorization request";
    BsnInRequest, [Pgo], [rule::NO_IDENTITY_BETWEEN, rule::STEP_REQUEST], None, "puts a BSN into its requests for data";
    TokensMadeUp, [Pgo], [rule::STEP_REQUEST], None, "asks for data with a token that it made up";
    OtherServiceFetched, [Pgo], [rule::STEP_REQUEST], None, "asks for data of another service than its token is for";
    ProofNotLogged, [Pgo], [rule::STEP_PGO_LOGS], None, "does not log the code as proof of consent";
    NothingStored, [Pgo], [rule::STEP_STORE], None, "does not store what it collected";
    ExceptionKept, [Pgo], [rule::UC_NO_DATA, rule::UC_REFUSED, rule::UC_IDENTITY, rule::UC_NO_ANSWER, rule::UC_NOT_SUPPLIED], None, "tells the person that somebody does not answer, whatever the exception";

    // ZA gateway
    CodeHonouredTwice, [Za], [rule::CODE_ONCE, rule::STORED_CODES_SAFE], Some(Deviation::CodeOfferedTwice), "answers a code with a token every time";
    UnknownCodeHonoured, [Za], [rule::CODE_KNOWN], Some(Deviation::CodesMadeUp), "answers a code that it never issued with a token";
    OtherClientHonoured, [Za], [rule::CODE_OWN_CLIENT, rule::STORED_CODES_SAFE], Some(Deviation::OtherClientNamed), "gives the token to whoever offers the code";
    CodeLivesLonger, [Za], [rule::CODE_VALIDITY, rule::STORED_CODES_SAFE], Some(Deviation::CodeOfferedLate), "has codes live for 901 s";
    TokenLivesLonger, [Za], [rule::TOKEN_VALIDITY], None, "has access tokens live for 901 s";
    TwoServicesGranted, [Za], [rule::SINGLE_SCOPE, rule::SCOPE_SHOWN], None, "adds a service to the scope of every token";
    EqualValues, [Za], [rule::UNIQUE_WHILE_LIVE], None, "makes codes and tokens of two bits and does not look whether they are live";
    NotUuidV4, [Za], [rule::UUID_V4], None, "makes codes and tokens that are no UUIDs of version 4";
    RefreshTokenIssued, [Za], [rule::NO_REFRESH_TOKENS], None, "issues a refresh token with every access token";
    OtherTokenType, [Za], [rule::BEARER], None, "issues tokens that are no bearer tokens";
    UnknownTokenHonoured, [Za], [rule::TOKEN_KNOWN], Some(Deviation::TokensMadeUp), "serves whoever shows any token";
    TokenBeyondScope, [Za], [rule::TOKEN_COVERS, rule::STEP_ANSWER, rule::CATALOGUE_STANDARDS, rule::EXCEPTION_TOKEN], Some(Deviation::OtherServiceFetched), "serves any service for any token";
    RedirectNotHttpsHonoured, [Za], [rule::REDIRECT_FULL_HTTPS, rule::UC_REQUEST_INVALID], Some(Deviation::RedirectNotHttps), "redirects to a URI that is not HTTPS";
    InvalidRequestRedirected, [Za], [rule::EXCEPTION_REQUEST], Some(Deviation::ImplicitGrantAsked), "redirects an invalid request instead of telling the person";
    LoginAfterConsent, [Za], [rule::IDENTITY_FIRST, rule::DIGID_FIRST, rule::STEP_TO_DIGID, rule::STEP_AVAILABILITY, rule::COLLECTS_BY_UCI], None, "asks for consent before it knows who is there";
    RelayStateNotChecked, [Za], [rule::SESSION_OF_BROWSER], Some(Deviation::RelayStateForged), "takes an artifact with any RelayState";
    AvailabilitySkipped, [Za], [rule::STEP_AVAILABILITY, rule::COLLECTS_BY_UCI], None, "asks for consent without finding out whether there is anything";
    UnderAgeServed, [Za], [rule::AGE_LIMIT], None, "serves persons under the age limit";
    NoDataMistold, [Za], [rule::EXCEPTION_NO_DATA], None, "tells the PGO of a server error when there is nothing";
    OtherServiceShown, [Za], [rule::CONSENT_WORDS, rule::SCOPE_SHOWN], None, "asks for consent to another service than was asked";
    ConsentSkipped, [Za], [rule::CONSENT_FIRST, rule::STEP_CONSENT, rule::COLLECTS_BY_UCI], None, "gives the person's consent itself";
    FormNotChecked, [Za], [rule::OWNER_PRESENT], Some(Deviation::FormForged), "takes an answer to the consent question from any page";
    AnswersNotLogged, [Za], [rule::NORM_LOGGING], None, "does not log the answers to the consent question";
    StateAltered, [Za], [rule::STEP_CODE], None, "sends the browser back with another state than it was given";
    BsnInAnswer, [Za], [rule::NO_IDENTITY_BETWEEN, rule::STEP_BSN], None, "puts the BSN into its FHIR answers";
    OtherPersonServed, [Za], [rule::NO_CROSS_READ, rule::STEP_ANSWER], None, "serves the data of another person";
    DeliveryMistold, [Za], [rule::EXCEPTION_DELIVERY], None, "blames the token when the systems behind cannot deliver";
    ArtifactResolvedTwice, [Za], [], None, "resolves every artifact twice";

    // DigiD
    ArtifactHonouredTwice, [Digid], [rule::ARTIFACT_ONCE], Some(Deviation::ArtifactResolvedTwice), "answers for an artifact every time";
    WrongPasswordHonoured, [Digid], [rule::STEP_ARTIFACT], None, "takes any password";

    // Stelselnode
    ZalLate, [Stelselnode], [rule::ZAL_REFRESHED], None, "publishes the ZAL every two days";
    WhitelistLate, [Stelselnode], [rule::WHITELIST_REFRESHED], None, "publishes the Whitelist every two days";
    ListsBroken, [Stelselnode], [], None, "serves newer lists than it published, which do not fit their schema";
    ChangesForgotten, [Stelselnode], [rule::ZAL_UPDATED, rule::WHITELIST_UPDATED, rule::ENDS_WITH_EITHER], None, "says that it made a change of the register, and does not";
    StrangerListed, [Stelselnode], [rule::WHITELIST_CONTENT, rule::GATEWAY_REGISTERED], None, "has a host on its Whitelists that is no gateway";

    // Person: what an attacker makes of a browser
    StateForged, [Person], [], None, "comes back to the PGO with a state that was never given";
    RelayStateForged, [Person], [], None, "comes back from DigiD with a RelayState that was never given";
    FormForged, [Person], [], None, "answers the consent question with a value that was never given";
}

impl Deviation {
    /// As scenarios name it: `code-offered-twice`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in self.row().identifier.chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// The roles that it fits.
    pub const fn roles(self) -> &'static [Role] {
        self.row().roles
    }

    /// The rules that it breaks. None for one that only tries what others must refuse.
    pub const fn rules(self) -> &'static [Rule] {
        self.row().rules
    }

    /// What somebody else must do, so that it shows at all.
    pub const fn companion(self) -> Option<Self> {
        self.row().companion
    }

    /// What it does, in one line.
    pub const fn text(self) -> &'static str {
        self.row().text
    }

    /// The deviation of that name that fits the role; or, for the name of a rule, the first that breaks it
    /// before any other, or else the first that breaks it.
    pub fn find(role: Role, name: &str) -> Option<Self> {
        let of_role = || Self::ALL.iter().copied().filter(|one| one.roles().contains(&role));
        of_role().find(|one| one.name() == name).or_else(|| {
            let rule = Rule::from_name(name)?;
            of_role()
                .find(|one| one.rules().first() == Some(&rule))
                .or_else(|| of_role().find(|one| one.rules().contains(&rule)))
        })
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
