"""Walks through a running twin in Chromium, as a person does who clicks, and as one who has no mouse.

    python3 browser.py DIR/endpoints.json --axe axe.min.js [--shots DIR]

The twin has three PGOs: one that keeps the rules, one that names another client at step 12 (exception 6), and one that
asks for data of another service at step 14 (exception 7):

    stelsel twin walk.toml --deviant pgo-2=other-client-named --deviant pgo-3=other-service-fetched

Sees the way from the PGO's first page to the Dossier, each of the eight exceptions of UCI Verzamelen as a person is
told of it, the pages around them, the back button, a reload and a double click. Every page is judged by axe-core, in
light and in dark, wide and as narrow as a telephone. Says what it saw, and ends with 1 if it was not what the rulebook
has. Needs `selenium`, Chromium with its driver, and `certutil`. Does not look at what goes over the back channel
(walk.py).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urljoin

from network import Network, expect
from selenium import webdriver
from selenium.common.exceptions import JavascriptException, TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from walk import Pgo, find_persons

# Each page is looked at in all of these: its name, the colours that the person prefers, pixels.
VIEWS = [
    ("breed-licht", "light", 1024),
    ("breed-donker", "dark", 1024),
    ("smal-licht", "light", 360),
    ("smal-donker", "dark", 360),
]
# WCAG 1.4.10: no scrolling in two directions.
NARROWEST = 320
# More than any page has that can be reached by Tab.
TABS = 40

# A page that a browser kept whole comes back with what it knew.
LEAVING = """
window.left = true;
addEventListener("pageshow", (shown) => { window.left = !shown.persisted; });
"""

ARRIVED = """
const main = document.querySelector("main[data-page]");
if (window.left || !main || main.dataset.page === "doorsturen" || document.readyState !== "complete") return null;
return [main.dataset.page, main.dataset.cause ?? main.dataset.number ?? null];
"""

JUDGED = """
const done = arguments[arguments.length - 1];
axe.run(document).then(
    (found) => done(found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`)),
    (error) => done([String(error)]),
);
"""

# What has the focus, and whether a person can see that it has.
FOCUSED = """
const here = document.activeElement;
if (!here || here === document.body) return [null, true];
const style = getComputedStyle(here), box = here.getBoundingClientRect();
const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
const inside = box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
return [here.outerHTML.slice(0, 120), outlined && inside];
"""


class Person:
    """Somebody at a browser of their own, which trusts the twin's CA and finds the twin by its names."""

    def __init__(self, network, home, axe, shots):
        self.axe, self.shots, self.seen = axe, shots, set()
        database = home / ".pki" / "nssdb"
        database.mkdir(parents=True)
        at = ["-d", f"sql:{database}"]
        trust = ["-A", "-t", "C,,", "-n", "stelsel", "-i", network.ca]
        for arguments in (["-N", "--empty-password"], trust):
            subprocess.run(["certutil", *at, *arguments], check=True)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--no-proxy-server",
            "--lang=nl",
            "--window-size=1024,900",
            f"--user-data-dir={home / 'profile'}",
            network.endpoints["chromium"],
        ]:
            options.add_argument(argument)
        service = webdriver.ChromeService(shutil.which("chromedriver"), env={**os.environ, "HOME": str(home)})
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)

    def arrive(self, act):
        """Which page comes of an act, and its cause or number."""
        self.driver.execute_script(LEAVING)
        act()
        try:
            found = WebDriverWait(self.driver, 60, 0.05, [JavascriptException]).until(
                lambda driver: driver.execute_script(ARRIVED)
            )
        except TimeoutException:
            found = [f"no page at {self.driver.current_url}", self.driver.title]
        self.look(found)
        return tuple(found)

    def look(self, found):
        """Judges a page that was not seen before."""
        page, cause = found
        name = f"{page}-{cause}" if page in ("niet-gelukt", "ongeldig-verzoek") else page
        if name in self.seen or page.startswith("no page"):
            return
        self.seen.add(name)
        self.driver.execute_script(self.axe)
        for view, colours, width in VIEWS:
            self.see(colours, width)
            findings = self.driver.execute_async_script(JUDGED)
            if findings:
                sys.exit(f"{name}, {view}: expected no findings of axe, found {findings}")
            if self.shots:
                self.shoot(self.shots / f"{len(self.seen):02}-{name}-{view}.png", width)
        self.see("light", NARROWEST)
        wide = self.driver.execute_script("return document.documentElement.scrollWidth")
        if wide > NARROWEST:
            sys.exit(f"{name}: expected at most {NARROWEST} pixels, found {wide}")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        print(f"  {name}: no findings", flush=True)

    def see(self, colours, width):
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": colours}]},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def shoot(self, path, width):
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.driver.save_screenshot(str(path))

    # By mouse.

    def go(self, url):
        return self.arrive(lambda: self.driver.get(url))

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        return self.arrive(self.find(selector).click)

    def choose(self, start, offer):
        expect("the PGO offers", self.go(start), ("aanbod", None))
        self.find("#zorgaanbieder").send_keys(offer["zorgaanbieder"])
        Select(self.find("#gegevensdienst")).select_by_value(offer["dienst"])
        return self.click("form button")

    def log_in(self, person, password):
        self.find(f"input[name=testpersoon][value='{person}']").click()
        self.find("#wachtwoord").clear()
        self.find("#wachtwoord").send_keys(password)
        return self.click("form button")

    def say(self, answer):
        return self.click(f"button[value={answer}]")

    # By keyboard.

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector):
        """As often as it takes; wherever the focus comes on the way, it can be seen."""
        for _ in range(TABS):
            self.press(Keys.TAB)
            here, visible = self.driver.execute_script(FOCUSED)
            if not visible:
                sys.exit(f"{here}: expected a focus that can be seen, found none")
            if self.driver.execute_script("return document.activeElement.matches(arguments[0])", selector):
                return
        sys.exit(f"{selector}: expected within {TABS} presses of Tab, found {here}")


def collects_by_mouse(person, network, start, offer, who):
    expect("DigiD asks", person.choose(start, offer), ("inloggen", None))
    warned = person.find(".sim").text
    expect("and says what it is not", "niet de echte DigiD" in warned, True)
    expect("a wrong password", person.log_in(who, "fout"), ("inloggen", None))
    expect("is said to be wrong", person.find("[role=alert]").is_displayed(), True)
    expect("the right one", person.log_in(who, network.password), ("toestemmingsvraag", None))
    # Closed, it is judged as what cannot be seen.
    person.find("summary").click()
    person.seen.discard("toestemmingsvraag")
    person.look(["toestemmingsvraag", None])
    page, stored = person.say("ja")
    expect("consent is given", page, "verzameld")
    expect("the dossier has what came", person.click("a[href='/dossier']"), ("dossier", stored))
    items = len(person.driver.find_elements(By.CSS_SELECTOR, "ul.items li"))
    expect("and shows each", str(items), stored)


def collects_by_keyboard(person, network, start, offer, who):
    expect("without a mouse", person.go(start), ("aanbod", None))
    person.tab_to("a.skip")
    person.press(Keys.ENTER)
    person.tab_to("#zorgaanbieder")
    person.press(offer["zorgaanbieder"])
    person.tab_to("#gegevensdienst")
    person.press("Documenten")
    person.tab_to("form button")
    found = person.arrive(lambda: person.press(Keys.ENTER))
    expect("  DigiD asks", found, ("inloggen", None))
    person.tab_to("input[name=testpersoon]")
    for _ in range(network.persons.index(who)):
        person.press(Keys.ARROW_DOWN)
    person.tab_to("#wachtwoord")
    person.press(network.password)
    person.tab_to("form button")
    found = person.arrive(lambda: person.press(Keys.ENTER))
    expect("  the question", found, ("toestemmingsvraag", None))
    person.tab_to("button[value=ja]")
    person.tab_to("summary")
    person.press(Keys.SPACE)
    expect("  all of its text", person.find("details p").is_displayed(), True)
    ActionChains(person.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB * 2).key_up(Keys.SHIFT).perform()
    focused = person.driver.switch_to.active_element.get_attribute("value")
    expect("  back from there", focused, "ja")
    found = person.arrive(lambda: person.press(Keys.ENTER))
    expect("  consent is given", found[0], "verzameld")
    person.tab_to("a[href='/dossier']")
    found = person.arrive(lambda: person.press(Keys.ENTER))
    expect("  the dossier", found[0], "dossier")


def is_told(person, what, found, cause):
    """That page, with that exception; and the person is told of a way on."""
    expect(what, found, ("niet-gelukt", cause))
    expect("  in so many words", person.find("h1").text != "", True)
    ways = [link.get_attribute("href") for link in person.driver.find_elements(By.CSS_SELECTOR, "main a.button")]
    expect("  with a way on", len(ways) > 0, True)


def sees_the_exceptions(person, network, offer, who, empty):
    honest, names_another, asks_another = (host["start"] for host in network.hosts("pgo"))
    password = network.password
    question = ("toestemmingsvraag", None)

    def to_question(start):
        person.choose(start, offer)
        expect("the question", person.log_in(who, password), question)

    url = f"{offer['authorization']}?response_type=code&client_id=vreemd.example"
    url += f"&redirect_uri=https%3A%2F%2Fvreemd.example%2Fcallback&scope={offer['dienst']}&state=x"
    expect("1, an unknown client", person.go(url), ("ongeldig-verzoek", "client_id"))
    expect("  and nobody is sent there", person.driver.current_url, url)

    person.choose(honest, offer)
    is_told(person, "2, cancelled", person.click("button.other"), "2")

    nothing, nobody = empty
    person.choose(honest, nothing)
    is_told(person, "3, nothing there", person.log_in(nobody, password), "3")

    to_question(honest)
    is_told(person, "4, refused", person.say("nee"), "4")

    person.choose(honest, offer)
    with network.down("xis"):
        found = person.log_in(who, password)
    is_told(person, "5, not established", found, "5")

    to_question(names_another)
    is_told(person, "6, a code in another's name", person.say("ja"), "6")

    to_question(asks_another)
    is_told(person, "7, another service's data", person.say("ja"), "7")

    to_question(honest)
    with network.down("xis"):
        found = person.say("ja")
    is_told(person, "8, systems behind are down", found, "8")


def goes_astray(person, network, start, offer, who):
    """What people do that no rule has foreseen."""
    found = person.choose(start, {**offer, "zorgaanbieder": "bestaatniet@medmij"})
    expect("a name that nobody has", found, ("niet-aangeboden", None))
    expect("a page that is not there", person.go(urljoin(start, "/bestaatniet"))[0], "niet-bediend")
    strange = urljoin(start, "/callback?code=x&state=y")
    expect("an answer to what was not asked", person.go(strange)[0], "geen-sessie")
    expect("stopped", person.go(urljoin(start, "/stop"))[0], "gestopt")

    person.choose(start, offer)
    expect("the login, loaded again", person.arrive(person.driver.refresh)[0], "inloggen")
    expect("still leads on", person.log_in(who, network.password)[0], "toestemmingsvraag")
    expect("the question, loaded again", person.arrive(person.driver.refresh)[0], "toestemmingsvraag")
    expect("the back button there", person.arrive(person.driver.back)[0], "inloggen")
    expect("and forward", person.arrive(person.driver.forward)[0], "toestemmingsvraag")
    expect("back, to log in again", person.arrive(person.driver.back)[0], "inloggen")
    expect("asks again", person.log_in(who, network.password)[0], "toestemmingsvraag")
    button = person.find("button[value=ja]")
    twice = lambda: ActionChains(person.driver).double_click(button).perform()
    page, stored = person.arrive(twice)
    expect("a double click on yes", page, "verzameld")
    expect("which, loaded again, is the same", person.arrive(person.driver.refresh), (page, stored))
    expect("the back button after that", person.arrive(person.driver.back)[0], "toestemmingsvraag")
    expect("where no is too late", person.say("nee"), (page, stored))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("endpoints")
    parser.add_argument("--axe", type=Path, required=True, help="axe.min.js of axe-core")
    parser.add_argument("--shots", type=Path, help="a folder for what was seen")
    arguments = parser.parse_args()
    network = Network(arguments.endpoints)
    network.lead_here()
    host = network.hosts("pgo")[0]
    pgo = Pgo(network, host)
    offers = [offer for offer in network.zal(pgo.node) if offer["dienst"] == "51"]
    (offer, who), empty = find_persons(network, pgo, offers)
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    axe = arguments.axe.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as home:
        person = Person(network, Path(home), axe, arguments.shots)
        try:
            collects_by_mouse(person, network, host["start"], offer, who)
            collects_by_keyboard(person, network, host["start"], offer, who)
            sees_the_exceptions(person, network, offer, who, empty)
            goes_astray(person, network, host["start"], offer, who)
        finally:
            person.driver.quit()
    print("all eight exceptions were seen")


if __name__ == "__main__":
    main()
