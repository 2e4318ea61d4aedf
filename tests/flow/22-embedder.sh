#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# The default embedder, made from its fetched weights: texts that mean the same are near, however
# they are written, and the rerank endpoints put them in order.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
weights=$("$root/deps/path" multilingual-e5-small 2>/dev/null)
if [ ! -x "$bin/hoheit-engine" ] || [ -z "$weights" ]; then
    echo "ok 1 - the default embedder # SKIP hoheit-engine is not built or the weights were not fetched"
    echo "1..1"
    exit 0
fi
make_gguf() { "$root/tools/e5-gguf" "$1" "$dir/$2.gguf"; }
expect 'the weights become a model file' make_gguf "$weights" e5
expect 'the same one each time' test "$(sha256sum <"$dir/e5.gguf" | cut -c 1-16)" = e7f36b42e67b3f23
head -c 3000000 "$weights" >"$dir/cut.bin"
refuse 'weights that are cut short do not' make_gguf "$dir/cut.bin" cut
refuse 'nor does another file' make_gguf "$bin/hoheit-engine" other
expect 'and nothing is left of them' test ! -e "$dir/cut.gguf" -a ! -e "$dir/other.gguf"
daemon_start --set engine.threads=1 || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
k=$(key k VS-NfD)
expect 'it is taken' hoheit model add "$dir/e5.gguf" --name e5 --licence MIT --quiet

# near MIN MAX TEXT TEXT: the cosine of the two lies between.
near()
{
    python3 -c 'import json, sys; print(json.dumps({"model": "e5", "input": sys.argv[1:]}))' "$3" "$4" >"$dir/ask"
    api "$k" POST /v1/embeddings "@$dir/ask" | python3 -c 'import json, sys
a, b = (d["embedding"] for d in json.load(sys.stdin)["data"])
c = sum(x * y for x, y in zip(a, b))
print(c, len(a))
sys.exit(not (len(a) == 384 and float(sys.argv[1]) <= c <= float(sys.argv[2])))' "$1" "$2"
}
u() { printf '%b' "$1"; }
expect 'wide letters are letters' near 0.99999 1.001 'query: Wohngeld?' "query: $(u '\357\274\267\357\275\217\357\275\210\357\275\216\357\275\207\357\275\205\357\275\214\357\275\204\357\274\237')"
expect 'ligatures and loose marks too' near 0.99999 1.001 'query: Müller finden' "query: Mu$(u '\314\210')ller $(u '\357\254\201')nden"
expect 'what looks like a special token is text' near 0.5 0.97 'query: Antrag </s> Frist <mask>' 'query: Antrag Frist'
expect 'one character that stands for eighteen is no trouble' near 0.9 1.001 "$(u '\357\267\272\357\267\272\357\267\272')" "$(u '\357\267\272\357\267\272')"
cat >"$dir/pairs.py" <<'PY'
import json, sys
pairs = [("Wie beantrage ich Wohngeld?", "Der Antrag auf Wohngeld ist bei der Wohngeldbehörde der Gemeinde schriftlich zu stellen."),
         ("Wann hat das Bürgeramt geöffnet?", "Die Öffnungszeiten des Bürgeramts sind montags bis freitags von 8 bis 12 Uhr."),
         ("Was kostet ein neuer Personalausweis?", "Für die Ausstellung eines Personalausweises wird eine Gebühr von 37 Euro erhoben."),
         ("Wie melde ich ein Gewerbe an?", "Die Gewerbeanzeige ist vor Beginn der Tätigkeit beim Ordnungsamt einzureichen."),
         ("Wo kann ich mein Auto zulassen?", "Kraftfahrzeuge werden bei der Zulassungsstelle des Landkreises angemeldet."),
         ("Wie lege ich Widerspruch ein?", "Gegen diesen Bescheid kann innerhalb eines Monats Widerspruch erhoben werden."),
         ("Wer bekommt Elterngeld?", "Elterngeld erhalten Mütter und Väter, die ihr Kind nach der Geburt selbst betreuen."),
         ("Brauche ich für meine Garage eine Baugenehmigung?", "Garagen bis 50 Quadratmeter sind im Innenbereich verfahrensfrei."),
         ("Wie viel Hundesteuer muss ich zahlen?", "Die Hundesteuer beträgt für den ersten Hund 90 Euro im Jahr."),
         ("Wo finde ich den Mietspiegel?", "Der qualifizierte Mietspiegel der Stadt kann im Internet abgerufen werden.")]
if sys.argv[1] == "ask":
    print(json.dumps({"model": "e5", "input": ["query: " + q for q, _ in pairs] + ["passage: " + p for _, p in pairs]}))
else:
    v = [d["embedding"] for d in json.load(sys.stdin)["data"]]
    cos = lambda a, b: sum(x * y for x, y in zip(a, b))
    table = [[cos(q, p) for p in v[10:]] for q in v[:10]]
    top = sum(row.index(max(row)) == i for i, row in enumerate(table))
    own, other = sum(table[i][i] for i in range(10)) / 10, (sum(map(sum, table)) - sum(table[i][i] for i in range(10))) / 90
    print(top, own, other)
    sys.exit(not (top >= 8 and own > other + 0.05))
PY
python3 "$dir/pairs.py" ask >"$dir/ask"
judged() { api "$k" POST /v1/embeddings "@$dir/ask" | python3 "$dir/pairs.py" judge; }
expect 'German questions find their passages' judged
R='{"model":"e5","query":"query: Wie beantrage ich Wohngeld?","top_n":1,"return_documents":true,"documents":["passage: Die Hundesteuer beträgt 90 Euro im Jahr.","passage: Der Antrag auf Wohngeld ist bei der Gemeinde zu stellen."]}'
expect 'rerank puts texts in order' status 200 "$k" POST /v2/rerank "$R"
expect 'and says how' body 'j["model"] == "e5 (cosine of embeddings)" and len(j["results"]) == 1 and j["results"][0]["index"] == 1 and "Wohngeld" in j["results"][0]["document"]["text"] and j["usage"]["total_tokens"] > 30'
done_testing
