"""A company: its name, what it sells, and facts that stay the same in a whole document."""

import random
from dataclasses import dataclass

from . import grammar
from .content import Frame, Industry, Intent, industries, names

DAYS = ["7 days", "14 days", "30 days", "45 days", "60 days", "90 days", "two weeks", "four weeks", "one month", "100 days"]
TIMES = ["one hour", "two hours", "24 hours", "48 hours", "one business day", "two days", "30 minutes", "15 minutes", "three days", "one week"]
HOURS = ["Monday to Friday from 9 am to 5 pm", "8 am to 6 pm", "every day from 8 am to 8 pm", "around the clock", "10 am to 7 pm", "weekdays from 9 am to 6 pm", "7 am to 10 pm", "Tuesday to Sunday from 11 am to 9 pm"]
PRICES = ["$2.99", "$3.50", "$5", "$8", "$9.99", "$12", "$15", "$18.50", "$20", "$25", "$35", "$49", "$60", "$120", "4 euros", "12 euros", "20 euros", "9 pounds", "30 pounds"]
COLORS = ["green", "white", "blue", "red", "pink", "yellow", "purple"]


@dataclass
class Company:
    brand: str
    industry: Industry
    facts: dict[str, str]
    products: list[tuple[str, str, frozenset]]  # noun, full name, attributes
    intents: list[Intent]

    def frame(self, rng: random.Random, intent: Intent) -> Frame:
        facts = self.facts
        if self.products:
            fitting = [p for p in self.products if intent.needs is None or intent.needs in p[2]]
            noun, name, _ = rng.choice(fitting)
            facts = facts | {"n": noun, "N": name if rng.random() < 0.7 else noun}
        return intent.frame(rng, facts, self.industry.things)


def invented_name(rng: random.Random, endings: list[str]) -> tuple[str, str]:
    """A brand and its root, such as `AquaTech`, `Nova Link`, `Kelora`."""
    taken = set(names("taken"))
    while True:
        root, ending = rng.choice(names("roots")), rng.choice(endings or ["Works", "House", "Line", "Point", "Hub", "Way", "Craft", "Corner"])
        r = rng.random()
        if r < 0.4:
            brand = root + ending
        elif r < 0.6:
            brand = f"{root} {ending}"
        else:
            root = "".join(rng.choice(names(f"syllables{i}")) for i in (1, 2, 3)[: rng.choice((2, 3, 3))]).capitalize()
            brand = root if r < 0.8 else f"{root}{rng.choice(['', ' '])}{ending}"
        if brand.replace(" ", "") not in taken and len(brand) > 4 and root.lower() != ending.lower():
            return brand, root


def invented_thing(rng: random.Random, root: str, brand: str, names_: list[str]) -> str:
    name = rng.choice(names_)
    style = rng.random()
    full = f"{brand} {name}" if style < 0.4 else f"{root} {name}" if style < 0.6 else root + name.replace(" ", "")
    words = full.split()
    return full if len({w.lower() for w in words}) == len(words) and len(words) < 4 else f"{root} {name.split()[0]}"


def make_company(rng: random.Random) -> Company:
    """Draws an industry, a brand, its products and its facts."""
    every = industries()
    devices = [i for i in every if i.endings]
    industry = rng.choice(devices) if rng.random() < 0.25 else rng.choice([i for i in every if not i.endings] or devices)
    if industry.brands and rng.random() < 0.4:
        brand = rng.choice(industry.brands)
        root = brand.split()[0]
    else:
        brand, root = invented_name(rng, industry.endings)
    products, attributes = [], set()
    for noun, listed, has in rng.sample(industry.products, min(len(industry.products), rng.choice((2, 3, 4, 5)))):
        if noun not in [p[0] for p in products]:
            products.append((noun, invented_thing(rng, root, brand, listed), has))
            attributes |= has
    intents = [i for i in industry.intents if i.needs is None or i.needs in attributes]
    return Company(brand, industry, make_facts(rng, brand, root, industry), products, intents)


def make_facts(rng: random.Random, brand: str, root: str, industry: Industry) -> dict[str, str]:
    pick = rng.choice
    site = brand.replace(" ", "").replace("'", "").lower() + pick([".example", ".example.com"])
    ok, err, pair = rng.sample(COLORS, 3)
    number = rng.randint(100, 199)
    return {
        "brand": brand,
        "abrand": grammar.article(brand),
        "agent": pick(names("agents")),
        "phone": pick(["555-0", "1-800-555-0", "(555) 555-0", "0800 555 0"]) + str(number),
        "site": pick(["", "", "www.", "help."]) + site,
        "mail": pick(["support", "help", "service", "care", "hello", "team", "info"]) + "@" + site,
        "app": pick([brand, brand, f"My{root}", f"{root} Connect", f"{root} Go", f"{root} Plus"]),
        "hours": pick(HOURS), "days": pick(DAYS), "price": pick(PRICES), "time": pick(TIMES),
        "city": pick(["Ashford", "Brookvale", "Elmsworth", "Harbor Bay", "Kingsmere", "Larkhill", "Millbrook", "Newfield", "Oakridge", "Riverton", "Stonebridge", "Westlake"]),
        # what the device blocks ask for
        "N": industry.noun, "n": industry.noun, "num": str(rng.randint(10, 99)), "area": industry.name,
        "ok": ok, "Ok": ok.capitalize(), "err": err, "pair": pair,
        "btn": pick(["reset", "power", "pairing", "side", "setup", "round", "top", "main", "mode"]),
        "sec": pick(["5 seconds", "10 seconds", "15 seconds", "20 seconds", "30 seconds", "ten seconds", "twenty seconds"]),
        "ret": pick(DAYS), "war": pick(["one year", "two years", "three years", "12 months", "24 months", "five years"]),
        "ship": pick(["2 to 4 days", "3 to 5 business days", "two days", "one week", "48 hours"]),
        "refund": pick(["5 business days", "7 days", "one week", "ten days", "14 days"]), "days2": pick(TIMES),
        "pct": pick(["5", "10", "15", "20", "25"]), "fee": pick(["$2", "$3", "$4.50", "$7", "$10"]), "free": pick(["$20", "$30", "$50", "$75"]),
        "bat": pick(["AA", "AAA", "CR123", "9V", "CR2032"]), "Set": pick(["Settings", "Options", "Preferences", "Setup"]),
        "Dev": pick(["Devices", "My Devices", "Products", "Rooms"]), "Acc": pick(["Account", "My Account", "Profile"]),
        "Auto": pick(["Automation", "Schedules", "Routines", "Scenes"]), "Orders": pick(["My Orders", "Orders", "Order History"]),
        "plan": pick(["Premium", "Plus", "Pro", "Gold", "Max", "Unlimited", "Silver"]),
    }  # fmt: skip
