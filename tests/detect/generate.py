#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""generate.py - office letters with the truth beside them, for measuring detectors.

    python3 tests/detect/generate.py [COUNT [SEED]] >letters.jsonl

A line is {id, template, text, spans, negatives, neutral}; offsets count code points.  Surnames and
streets are put together from syllables, so that no word list knows them; half of the first names
are rare.  Templates are told apart by number, damage (scanner, line breaks) is drawn per letter.
The same seed gives the same letters.
"""
import json
import random
import re
import sys

SYL = ("Bren Dorn Eich Falk Grot Hagel Immen Krons Lüt Marn Nord Ober Pell Quitt Ros Stein Tann Uhl Wald "
       "Zell Brom Kess Ahl Wend Hoh Rüb Schim Vell Möl Kattn").split()
END = "bach berg holt kamp mann meyer rath see stedt thal wald wig hausen brink ner ling ke moor horst eder".split()
FIRST = ("Anna Jonas Miriam Henrik Fatma Piotr Olena Tarek Greta Ludwig Sabine Uwe Xaver Ilse Karim Mei Jovan "
         "Thalke Wibbo Enja Raik Ottla Jorid Sönke Lewin Kjell Runa Ayla Nuka Zita Tjorven Imme Bente Aurel").split()
TOWNS = ["10115 Berlin", "20095 Hamburg", "80331 München", "50667 Köln", "01067 Dresden", "24103 Kiel", "99084 Erfurt",
         "60311 Frankfurt am Main", "06108 Halle (Saale)", "83043 Bad Aibling", "23966 Wismar", "29221 Celle", "47533 Kleve",
         "79098 Freiburg im Breisgau", "97070 Würzburg", "18055 Rostock", "66111 Saarbrücken", "39104 Magdeburg"]
MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
DIGITS = "null eins zwei drei vier fünf sechs sieben acht neun".split()
R = random.Random()
WRONG = []  # numbers of the letter at hand that were given a typing error


def mod_11_10(d):
    p = 10
    for c in d:
        t = (int(c) + p) % 10 or 10
        p = 2 * t % 11
    return str((11 - p) % 10)


def digits(n):
    return "".join(R.choice("0123456789") for _ in range(n))


def grouped(s, *sizes):
    sep = R.choice(["", "", " ", " ", "\u00a0", "-"])
    out, i = [], 0
    for n in sizes:
        out.append(s[i:i + n])
        i += n
    return sep.join(out)


def iban():
    b = digits(18)
    s = "DE" + "%02d" % (98 - int(b + "131400") % 97) + b
    return grouped(typo(s), 4, 4, 4, 4, 4, 2)


def typo(s):
    """One digit in twelve numbers is wrong, so that its check fails."""
    if R.random() > 0.08:
        return s
    WRONG.append(s)
    i = R.choice([k for k, c in enumerate(s) if c.isdigit() and k > 2])
    return s[:i] + str((int(s[i]) + R.randint(1, 9)) % 10) + s[i + 1:]


def steuer_id():
    while True:
        ten = R.sample("0123456789", 9)
        ten.insert(R.randrange(1, 9), R.choice(ten))
        s = "".join(ten)
        if s[0] != "0" and not re.search(r"(.)\1\1", s):
            return grouped(typo(s + mod_11_10(s)), 2, 3, 3, 3)


def weighted(letters, weights):
    n = "".join("%02d" % (ord(c) - 64) if c.isalpha() else c for c in letters)
    return str(sum(sum(map(int, str(int(a) * w))) for a, w in zip(n, weights)) % 10)


def svnr():
    s = R.choice(["12", "15", "53", "65"]) + "%02d%02d%02d" % (R.randint(1, 28), R.randint(1, 12), R.randint(0, 99))
    s += R.choice("ABDEGHKLMRSTW") + digits(2)
    return grouped(typo(s + weighted(s, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])), 2, 6, 1, 3)


def kvnr():
    s = R.choice("ABCDEHKMPRSTVX") + digits(8)
    return grouped(typo(s + weighted(s, [1, 2] * 5)), 4, 3, 3)


def value36(c):
    return int(c) if c.isdigit() else ord(c) - 55


def serial(first):
    s = R.choice(first) + "".join(R.choice("CFGHJKLMNPRTVWXYZ0123456789") for _ in range(8))
    return s + R.choice(["", str(sum(value36(c) * (7, 3, 1)[i % 3] for i, c in enumerate(s)) % 10)])


def licence():
    s = R.choice("ABCDEFGHIJKLMNOP") + digits(2) + "".join(R.choice("0123456789CDEFGHJKLMNPRTVWXYZ") for _ in range(6))
    k = sum(value36(c) * (9 - i) for i, c in enumerate(s)) % 11
    return s + ("X" if k == 10 else str(k)) + digits(1)


def betriebsnummer():
    s = digits(7)
    return typo(s + str(sum(sum(map(int, str(int(a) * w))) for a, w in zip(s, [1, 2] * 4)) % 10))


def lanr():
    s = digits(6)
    return s + str((10 - sum(int(a) * w for a, w in zip(s, [4, 9] * 3)) % 10) % 10) + digits(2)


def phone():
    area, rest = R.choice(["030", "040", "0221", "0431", "07531", "0176", "0152"]), digits(R.randint(6, 8)).lstrip("0") + "7"
    return R.choice(["%s %s", "%s/%s", "(%s) %s", "%s-%s"]) % (area, rest) if R.random() < .6 else "+49 %s %s" % (area[1:], rest)


def surname():
    return R.choice(SYL) + R.choice(END)


def date(first, last):
    d, m, y = R.randint(1, 28), R.randint(1, 12), R.randint(first, last)
    return R.choice(["%02d.%02d.%d" % (d, m, y), "%d.%d.%d" % (d, m, y), "%d. %s %d" % (d, MONTHS[m - 1], y)])


def street():
    name = R.choice(["%sweg", "%sstraße", "%sallee", "%splatz", "%sring", "Am %s", "An der %s", "%ser Str.", "Alter %s", "%sgasse"])
    return name % (surname() if "An" not in name else surname()) + " " + R.choice(["%d", "%d a", "%db", "%d-%d"]).replace("%d-%d", "4-6").replace("%d", str(R.randint(1, 180)))


def azg():
    return R.choice(["%d C %d/2%d", "%d Js %d/2%d", "S %d AS %d/2%d", "%d O %d/2%d", "%d F %d/2%d"]) % (R.randint(1, 300), R.randint(1, 4000), R.randint(0, 6))


def azv():
    return R.choice(["%02d-%02d-%02d/%d Bd. 2" % tuple(R.randint(10, 99) for _ in range(4)), "2025-WoG-" + digits(6), "50.2-Soz-%s/25" % digits(4), digits(6) + "/" + digits(2)])


def person():
    return {"f": R.choice(FIRST), "l": surname()}


# Slots: {P} full name, {L} surname, {G} its genitive, {R} "Surname, First"; a digit tells people apart.
KINDS = {"IBAN": iban, "STEUER_ID": steuer_id, "SVNR": svnr, "KVNR": kvnr, "PERSONALAUSWEIS": lambda: serial("LMNPRTVWXY"),
         "REISEPASS": lambda: serial("CFGHJK"), "FUEHRERSCHEIN": licence, "BETRIEBSNUMMER": betriebsnummer, "LANR": lanr,
         "TELEFON": phone, "STRASSE": street, "PLZ_ORT": lambda: R.choice(TOWNS), "GEBURTSDATUM": lambda: date(1938, 2015),
         "AZ_GERICHT": azg, "AZ_VERWALTUNG": azv, "KFZ": lambda: R.choice(["B", "HH", "KI", "M", "WÜ", "ROS"]) + R.choice(["-", " - ", " "]) + R.choice(["AB", "K", "XY"]) + " " + str(R.randint(1, 9999)),
         "GEBURTSORT": lambda: R.choice(TOWNS)[6:], "IP": lambda: ".".join(str(R.randint(11, 250)) for _ in range(4)),
         "EMAIL": lambda: R.choice(FIRST).lower().replace("ö", "oe") + R.choice([".", "_", "-"]) + "post" + R.choice(["@", "@", " (at) ", "[at]"]) + "amt-%s.example" % digits(2),
         "URL": lambda: "https://www.stadt-%s.example/antrag" % digits(2), "POSTFACH": lambda: "Postfach " + R.choice([digits(4), "12 34 56"]),
         "HANDELSREGISTER": lambda: R.choice(["HRB ", "HRA ", "VR ", "GnR "]) + str(R.randint(10, 99999)),
         "SONSTIGE_NR": lambda: digits(3) + "FK" + digits(6), "UST_ID": lambda: (lambda d: "DE" + d + mod_11_10(d))(str(R.randint(10 ** 7, 10 ** 8 - 1))),
         "!datum": lambda: date(2020, 2026), "!betrag": lambda: "%d,%02d €" % (R.randint(1, 999), R.randint(0, 99)), "!uhrzeit": lambda: "%d:%02d" % (R.randint(7, 19), R.randint(0, 59))}

TEMPLATES = """
Stadt Celle¶Ordnungsamt¶¶Herrn¶{P}¶{STRASSE}¶{PLZ_ORT}¶¶Az.: {AZ_VERWALTUNG}¶¶Sehr geehrter Herr {L},¶¶Ihr Antrag vom {!datum} ist eingegangen. Es fehlt die Steuer-ID; uns liegt {STEUER_ID} vor. {G} Angaben sind sonst vollständig.¶¶Mit freundlichen Grüßen¶Im Auftrag¶{P2}
Frau¶{P}¶{STRASSE}¶{PLZ_ORT}¶¶Anhörung im Bußgeldverfahren¶Ihnen wird zur Last gelegt, am {!datum} um {!uhrzeit} Uhr als Führerin des Fahrzeugs mit dem Kennzeichen {KFZ} zu schnell gefahren zu sein. Das Verwarnungsgeld beträgt {!betrag}.¶Sachbearbeiterin: Frau {L2}, Tel. {TELEFON}
{P}¶{STRASSE}¶{PLZ_ORT}¶¶An das Jobcenter¶¶Widerspruch gegen den Bescheid vom {!datum}, Geschäftszeichen {AZ_VERWALTUNG}¶¶Hiermit lege ich Widerspruch ein. Meine Sozialversicherungsnummer lautet {SVNR}. Bitte überweisen Sie auf {IBAN}.¶¶Hochachtungsvoll¶{P}
Klinikum Nord¶¶Arztbrief¶Patient: {R}, geb. {GEBURTSDATUM}, wohnhaft {STRASSE}, {PLZ_ORT}¶KVNR: {KVNR}   LANR {LANR}¶¶Sehr geehrte Kollegin, sehr geehrter Kollege,¶wir berichten über {P}, der sich am {!datum} vorstellte. Herr {L} klagte über Husten. {G} Blutdruck war 120/80.¶¶Dr. med. {P2}¶Oberarzt
Protokoll der Sitzung vom {!datum}¶Anwesend: {P} (Vorsitz), {P2}, {P3}¶TOP 1: Frau {L2} berichtet über den Haushalt. {L} fragt nach den Kosten ({!betrag}). {G} Antrag wird angenommen.¶Protokollführung: {P3}
Amtsgericht Wismar¶Urteil¶In dem Rechtsstreit¶des {P}, {STRASSE}, {PLZ_ORT}, Kläger,¶gegen¶{P2}, Beklagte,¶Az. {AZ_GERICHT}¶hat das Amtsgericht durch die Richterin am Amtsgericht {L3} für Recht erkannt: Die Beklagte zahlt {!betrag} an den Kläger. Der Zeuge {L4} hat glaubhaft ausgesagt.
[{!uhrzeit}] {P}: hallo frau {l2}, haben sie die iban? {IBAN}¶[{!uhrzeit}] {P2}: hallo herr {l}, danke. Meine Nummer ist {TELEFON}¶[{!uhrzeit}] {P}: lg {f}
Kita Sonnenschein¶Anmeldung¶Kind: {P}, geb. am {GEBURTSDATUM} in {GEBURTSORT}¶Mutter: {P2}, Telefon {TELEFON}¶Vater: {P3}¶Anschrift: {STRASSE}, {PLZ_ORT}¶Kindergeldnummer {SONSTIGE_NR}
Mietvertrag¶zwischen {P}, {STRASSE}, {PLZ_ORT} (Vermieter)¶und {P2}, geboren am {GEBURTSDATUM} (Mieter).¶Die Miete beträgt {!betrag} monatlich und ist auf das Konto {IBAN} zu zahlen. Der Mieter {L2} erhält drei Schlüssel.
Kündigung¶{P}¶{STRASSE}¶{PLZ_ORT}¶¶Hiermit kündige ich meinen Vertrag Nr. {!nr} zum {!datum}.¶¶Freundliche Grüße¶{P}
Meldebescheinigung¶Familienname: {L}¶Vornamen: {F}¶Geburtsdatum: {GEBURTSDATUM}   Geburtsort: {GEBURTSORT}¶Wohnung: {STRASSE}, {PLZ_ORT}¶Personalausweis Nr. {PERSONALAUSWEIS}
Fahrerlaubnisbehörde¶Frau {P}, geboren {GEBURTSDATUM} in {GEBURTSORT}, ist Inhaberin des Führerscheins Nr. {FUEHRERSCHEIN}. Das Fahrzeug {KFZ} wurde abgemeldet.
Ausländerbehörde¶Name: {R}¶Reisepass Nr. {REISEPASS}, gültig bis {!datum}¶Frau {L} wohnt in {STRASSE}, {PLZ_ORT}. Rückfragen an {EMAIL}.
Sozialbericht¶Die Familie {L} lebt seit {!datum} in {PLZ_ORT}. Der Vater, {P}, arbeitet als Koch. Die Tochter {F2} {L} besucht die Schule. Laut {P3} vom Jugendamt ist {G} Mitwirkung gut.
Rechnung¶Autohaus Nordlicht GmbH · {STRASSE} · {PLZ_ORT}¶Ansprechpartner: {P}, {TELEFON}¶IBAN {IBAN} · USt-IdNr. {UST_ID} · Amtsgericht Kiel {HANDELSREGISTER}¶Summe {!betrag}
Von: {P} <{EMAIL}>¶An: {P2} <{EMAIL}>¶Betreff: Termin¶¶Liebe {F2},¶passt dir der {!datum}? Siehe {URL}.¶LG¶{F}
Polizeibericht¶Geschädigter: {R}, * {GEBURTSDATUM}, {STRASSE}, {PLZ_ORT}¶Beschuldigte: {P2}¶{L} gab an, {L2} habe ihn geschlagen. Zugriff von {IP}.¶{L3}, POK
Jobcenter¶BG-Nr.: 12345//0123456¶Frau {P}¶{POSTFACH}¶{PLZ_ORT}¶¶Sehr geehrte Frau {L},¶der Betrieb (Betriebsnummer {BETRIEBSNUMMER}) meldete {!betrag} Einkommen.
Nr. | Name | geb. am | Ort | IBAN¶1 | {R} | {GEBURTSDATUM} | Kiel | {IBAN}¶2 | {R2} | {GEBURTSDATUM} | Kiel | {IBAN}¶3 | {R3} | {GEBURTSDATUM} | Celle | {IBAN}
Name;Vorname;Steuer-ID;Telefon¶{L};{F};{STEUER_ID};{TELEFON}¶{L2};{F2};{STEUER_ID};{TELEFON}
Anruferin: Mein Name ist {P}, ich buchstabiere: {spelled}. Meine Telefonnummer ist {spoken}.¶Mitarbeiter: Danke, Frau {L}.
Anrufer: Die Steuer-ID lautet {spokenid}. Ich heiße {P}.¶Beraterin: Vielen Dank, Herr {L}, Ihr Geburtsdatum? Anrufer: Geboren am {GEBURTSDATUM}.
Vollmacht¶Ich, {P}, geb. {GEBURTSDATUM}, bevollmächtige {P2}, {STRASSE}, {PLZ_ORT}, mich zu vertreten.¶{!datum}, {P}
Lebenslauf¶{P}¶{STRASSE}, {PLZ_ORT}¶Tel. {TELEFON}, {EMAIL}¶geboren am {GEBURTSDATUM} in {GEBURTSORT}
Gutachten¶Im Verfahren {AZ_GERICHT} wurde {P} am {!datum} untersucht. Die Sachverständige Dr. {P2} stellt fest: Herr {L} ist arbeitsfähig.
Bewilligung¶Frau {P} (Versichertennummer {KVNR}) erhält {!betrag}. Rückfragen: Herr {L2}, Durchwahl {TELEFON}.
Vernehmung¶Es erscheint {P}, {STRASSE} in {PLZ_ORT}, ausgewiesen durch Personalausweis {PERSONALAUSWEIS}.¶Zur Sache: Ich kenne {P2} seit Jahren. {L2} ist mein Nachbar.
Elternbrief¶Liebe Eltern,¶am {!datum} um {!uhrzeit} Uhr findet der Elternabend statt. Im Mai und im Sommer ist geschlossen.¶Ihre {P}
Stellungnahme¶Herr {P} wandte sich am {!datum} an uns. Nach Auskunft von Frau {P2} vom Bauamt ist die Sache erledigt. {G} Schreiben liegt bei.
{"nachname": "{L}", "vorname": "{F}", "iban": "{IBAN}", "strasse": "{STRASSE}", "steuerId": "{STEUER_ID}", "version": "2.1.0"}
Dienstreise¶Reisender: {P}, Personalnummer 00/71234¶Dienstwagen {KFZ}¶Genehmigt: {P2}, {!datum}
Schuldnerberatung¶Schuldner: {P}, {STRASSE}, {PLZ_ORT}¶Gläubigerin: {P2}¶Forderung {!betrag}, Aktenzeichen {AZ_GERICHT}
Bestätigung¶Hiermit bestätigen wir Frau {P}, Sozialversicherungsnummer {SVNR}, die Beschäftigung seit {!datum}.¶i. A. {P2}
Beschwerde¶Ihre Mitarbeiterin, Frau {L}, war unhöflich. Herr {L2} hingegen half sofort.¶Viele Grüße¶{P3}¶{STRASSE}, {PLZ_ORT}
Einladung¶Sehr geehrte Frau {L}, sehr geehrter Herr {L2},¶bitte kommen Sie am {!datum} um {!uhrzeit} Uhr in Zimmer 214.¶Beste Grüße¶{P3}
Steuerbescheid¶Herrn und Frau¶{P} und {P2}¶{STRASSE}¶{PLZ_ORT}¶¶IdNr. Ehemann {STEUER_ID}¶IdNr. Ehefrau {STEUER_ID}¶Erstattung {!betrag}
Unfallmeldung¶Fahrer: {P}, Führerschein {FUEHRERSCHEIN}, Kennzeichen {KFZ}¶Zeugin: {P2}, Telefon {TELEFON}¶Ort: Höhe {STRASSE}
Nachlass¶Der Erblasser {P}, geb. {GEBURTSDATUM}, zuletzt wohnhaft {STRASSE}, {PLZ_ORT}, verstarb am {!datum}. Erbin ist seine Tochter {P2}, geb. {L}.
Impfliste¶Nr   Name   Geburtsdatum   Versichertennummer¶1   {R}   {GEBURTSDATUM}   {KVNR}¶2   {R2}   {GEBURTSDATUM}   {KVNR}
Abschlussbericht¶Bezugsbetreuerin: {P}¶Frau {P2} zog am {!datum} aus. Kontakt: {EMAIL}, {TELEFON}. {L} empfiehlt Nachsorge.
Die Auflage betrug 50823 Exemplare. Grundlage ist § 12 Abs. 1 WoGG. Unter 116 117 hilft der Bereitschaftsdienst. Der Koch und der Richter aßen im Sommer bei Frau {L}. Tarifstelle 6.9.82, Version 14.4.28.2, ISBN 9783162643636.
""".strip().split("\n")

CHECKED = ("IBAN", "STEUER_ID", "SVNR", "KVNR", "UST_ID", "BETRIEBSNUMMER", "PERSONALAUSWEIS", "REISEPASS", "FUEHRERSCHEIN", "LANR")
CONFUSED = {"0": "O", "1": "l", "8": "B", "5": "S", "2": "Z"}


def special(slot, people):
    """Slots that are made from people or said aloud; None if it is none of these."""
    m = re.fullmatch(r"([PLGRFlf])(\d?)", slot)
    if m:
        p = people[int(m[2] or 1)]
        both = p["f"] + " " + p["l"]
        return "PERSON", {"P": both, "L": p["l"], "G": p["l"] + "s", "R": p["l"] + ", " + p["f"], "F": p["f"],
                          "l": p["l"].lower(), "f": p["f"].lower()}[m[1]], False
    if slot == "spelled":
        return "PERSON", R.choice(["-", ", ", " – "]).join(people[1]["l"].upper()), False
    if slot == "spoken":
        return "TELEFON", " ".join(["null"] + [R.choice(DIGITS) for _ in range(9)]), True
    if slot == "spokenid":
        return "STEUER_ID", " ".join(R.choice(DIGITS) for _ in range(11)), True
    if slot == "!nr":
        return "!nr", digits(6), False
    return None


def letter(number):
    template = number % len(TEMPLATES)
    people = {i: person() for i in range(1, 5)}
    damaged = R.random() < 0.12
    wrapped = R.random() < 0.4
    text, spans, negatives = "", [], []
    for part in re.split(r"(\{!?\w+\})", TEMPLATES[template].replace("¶", "\n")):
        if not re.fullmatch(r"\{!?\w+\}", part):
            text += part
            continue
        slot = part[1:-1]
        WRONG.clear()
        kind, value, said = special(slot, people) or (slot, KINDS[slot](), False)
        hurt = False
        if damaged and kind in CHECKED + ("TELEFON",) and not said:
            new = "".join(CONFUSED.get(c, c) if R.random() < 0.2 else c for c in value)
            hurt, value = new != value, new
        entry = {"start": len(text), "end": len(text) + len(value), "value": value}
        text += value
        if kind[0] == "!":
            negatives.append(dict(entry, kind=kind[1:]))
        else:
            spans.append(dict(entry, type=kind, checked=kind in CHECKED, valid=not WRONG, label=True,
                              **({"ocr": True} if hurt else {}), **({"gesprochen": True} if said else {})))
    return {"id": "g%05d" % number, "template": "g%02d" % template, "text": wrap(text) if wrapped else text,
            "spans": spans, "negatives": negatives, "neutral": [[m.start(), m.end()] for m in re.finditer(r"Dr\. med\.|Dr\.|Autohaus Nordlicht GmbH", text)]}


def wrap(text):
    """Hard line breaks in place of blanks, so that offsets stay."""
    out, column = [], 0
    for word in re.split(r"( |\n)", text):
        if word == " " and column > 68:
            word = "\n"
        column = 0 if word == "\n" else column + len(word)
        out.append(word)
    return "".join(out)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    R.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 20260301)
    for i in range(count):
        print(json.dumps(letter(i), ensure_ascii=False))


if __name__ == "__main__":
    main()
