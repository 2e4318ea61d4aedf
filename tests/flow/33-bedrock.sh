#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Amazon Bedrock's dialect: access key pairs, signatures of another program, Converse, InvokeModel,
# event streams, errors by name.
set -u
# shellcheck source=tests/flow/lib.sh
. "$(dirname "$0")/lib.sh"
daemon_with_toys "$@" || { echo "Bail out! the daemon did not start"; cat "$dir/log"; exit 2; }
C=/model/toy/converse
say='{"messages":[{"role":"user","content":[{"text":"Hallo"}]}]}'

# ---- keys
made=$(hoheit key add --name app --clearance VS-NfD --aws --quiet)
id=$(echo "$made" | sed -n 's/^AWS_ACCESS_KEY_ID=//p') secret=$(echo "$made" | sed -n 's/^AWS_SECRET_ACCESS_KEY=//p')
bearer=$(echo "$made" | head -n 1)
printed() { echo "$id" | grep -Eq '^HOHA[A-Z2-7]{16}$' && [ ${#secret} -eq 40 ]; }
expect 'a pair is made and printed once' printed
imported() { echo 'hoheit-secret' | hoheit key add --name old --clearance VS-NfD --import-aws AKIDHOHEITTEST --quiet >"$dir/out"; }
expect 'a pair from elsewhere is taken' imported
quiet() { ! grep -q 'hoheit-secret' "$dir/out"; }
expect 'and its secret is not shown again' quiet
unread() { ! grep -raq 'hoheit-secret' "$dir/data" && ! grep -raqF "$secret" "$dir/data"; }
expect 'no secret stands in the data directory' unread
again() { ! echo other-secret | hoheit key add --name twice --clearance VS-NfD --import-aws AKIDHOHEITTEST 2>"$dir/err" && grep -q 'in use' "$dir/err"; }
expect 'an id is taken once' again
short() { ! echo short | hoheit key add --name short --clearance VS-NfD --import-aws AKIDANOTHER1 2>"$dir/err" && grep -q 'secret access key has' "$dir/err"; }
expect 'a secret that is too short is refused' short

# signed WANT PAIR PATH [BODY [CURL OPTION...]]: the answer of a request that curl signs.
signed()
{
    want=$1 pair=$2 path=$3 body=${4-$say}
    shift 3
    [ $# -eq 0 ] || shift
    [ -z "$body" ] || set -- --data-binary "$body" "$@"
    curl -sS -m 20 -D "$dir/head" -o "$dir/body" -w '%{http_code}' -u "$pair" --aws-sigv4 aws:amz:eu-central-1:bedrock \
        -H 'Content-Type: application/json' "$@" "$url$path" >"$dir/status"
    [ "$(cat "$dir/status")" = "$want" ] || { echo "status $(cat "$dir/status"), want $want: $(head -c 600 "$dir/body")"; return 1; }
}
named() { grep -qi "^x-amzn-errortype: $1" "$dir/head" && body "'''$2''' in j['message']"; }

# ---- who asks
expect 'a made pair signs' signed 200 "$id:$secret" $C
expect 'and gets an answer in the shape of Converse' body 'j["output"]["message"]["content"][0]["text"] and j["stopReason"] == "end_turn" and j["usage"]["totalTokens"] == j["usage"]["inputTokens"] + j["usage"]["outputTokens"]'
expect 'an imported pair signs' signed 200 AKIDHOHEITTEST:hoheit-secret $C
expect 'a bearer key works too' status 200 "$bearer" POST $C "$say"
expect 'a wrong secret is refused' signed 403 "$id:wrong" $C
expect 'and told what was expected' named InvalidSignatureException 'Canonical String for this request should have been'
expect 'an unknown id is refused' signed 403 AKIAUNKNOWN1:wrong $C
expect 'by name' named UnrecognizedClientException 'security token'
expect 'nobody is refused' status 403 '' POST $C "$say"
expect 'by name, too' named MissingAuthenticationTokenException 'Missing'
expect 'another service is refused' signed 403 "$id:$secret" $C "$say" --aws-sigv4 aws:amz:eu-central-1:s3
expect 'naming the right one' named InvalidSignatureException 'correct service'
expect 'another date is refused' signed 403 "$id:$secret" $C "$say" -H 'X-Amz-Date: 20200101T000000Z'
expect 'as expired' named InvalidSignatureException 'Signature expired'
labelled() { signed 200 "$id:$secret" "$C" "$say" -H 'X-Hoheit-Label: VS-NfD' && grep -qi '^x-hoheit-label: VS-NfD' "$dir/head"; }
expect 'a label that is signed counts' labelled
hoheit key revoke old --quiet
expect 'a revoked key takes its pair along' signed 403 AKIDHOHEITTEST:hoheit-secret $C

# ---- invoke
expect 'a body of the Messages API' signed 200 "$id:$secret" /model/toy/invoke '{"anthropic_version":"bedrock-2023-05-31","max_tokens":8,"messages":[{"role":"user","content":"Hallo"}]}'
expect 'is answered as a message' body 'j["type"] == "message" and j["stop_reason"] == "max_tokens"'
counted() { grep -qi '^x-amzn-bedrock-output-token-count: 8' "$dir/head"; }
expect 'with its tokens in the head' counted
expect 'a chat completion' signed 200 "$id:$secret" /model/toy/invoke '{"max_tokens":8,"messages":[{"role":"user","content":"Hallo"}]}'
expect 'is answered as one' body 'j["object"] == "chat.completion" and j["choices"][0]["finish_reason"] == "length"'
expect 'a text is gone on with' signed 200 "$id:$secret" /model/toy/invoke '{"prompt":"Hallo","max_tokens":8}'
expect 'in its shape' body 'j["outputs"][0]["stop_reason"] == "length"'
expect 'a text becomes a vector' signed 200 "$id:$secret" /model/toy-embed/invoke '{"inputText":"Hallo"}'
expect 'of length one' body 'abs(sum(x * x for x in j["embedding"]) - 1) < 1e-6'
expect 'tokens are counted' signed 200 "$id:$secret" /model/toy/count-tokens '{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"eins zwei drei"}]}]}}}'
expect 'some' body 'j["inputTokens"] > 2'

# ---- tools
tools=',"toolConfig":{"tools":[{"toolSpec":{"name":"wetter","inputSchema":{"json":{"type":"object","properties":{"ort":{"type":"string"}},"required":["ort"],"additionalProperties":false}}}}],"toolChoice":{"any":{}}}}'
expect 'a forced call is made' signed 200 "$id:$secret" $C "${say%?}$tools"
expect 'and follows its schema' body 'j["stopReason"] == "tool_use" and list(j["output"]["message"]["content"][0]["toolUse"]["input"]) == ["ort"]'

# ---- streams: the frames are read by another implementation of them
frames()
{
    python3 - "$dir/body" "$1" <<'END'
import json, struct, sys, zlib
data, events = open(sys.argv[1], 'rb').read(), []
while data:
    whole, headers = struct.unpack('>II', data[:8])
    assert struct.unpack('>I', data[8:12])[0] == zlib.crc32(data[:8])
    assert struct.unpack('>I', data[whole - 4:whole])[0] == zlib.crc32(data[:whole - 4])
    h, names = data[12:12 + headers], {}
    while h:
        n = h[0]
        name, size = h[1:1 + n].decode(), struct.unpack('>H', h[n + 2:n + 4])[0]
        assert h[n + 1] == 7
        names[name], h = h[n + 4:n + 4 + size].decode(), h[n + 4 + size:]
    events.append((names.get(':event-type') or '!' + names[':exception-type'], json.loads(data[12 + headers:whole - 4])))
    data = data[whole:]
k = [e[0] for e in events]
sys.exit(0 if eval(sys.argv[2]) else f"not so: {sys.argv[2]}: {events[:3]} ... {events[-2:]}")
END
}
expect 'an answer is streamed' signed 200 "$id:$secret" $C-stream
expect 'in the order of the API' frames 'k[0] == "messageStart" and k[-3:] == ["contentBlockStop", "messageStop", "metadata"] and set(k[1:-3]) == {"contentBlockDelta"}'
expect 'a call is streamed' signed 200 "$id:$secret" $C-stream "${say%?}$tools"
expect 'in pieces of its JSON' frames 'k[1] == "contentBlockStart" and list(json.loads("".join(e[1]["delta"]["toolUse"]["input"] for e in events if e[0] == "contentBlockDelta"))) == ["ort"]'
expect 'a message is streamed' signed 200 "$id:$secret" /model/toy/invoke-with-response-stream '{"anthropic_version":"bedrock-2023-05-31","max_tokens":8,"messages":[{"role":"user","content":"Hallo"}]}'
expect 'in chunks, the last with its cost' frames 'set(k) == {"chunk"} and json.loads(__import__("base64").b64decode(events[-1][1]["bytes"]))["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == 8'
expect 'an engine that dies' signed 200 "$id:$secret" $C-stream '{"messages":[{"role":"user","content":[{"text":"!crash"}]}]}'
expect 'is an exception in the stream' frames 'k[-1] == "!serviceUnavailableException" and events[-1][1]["message"]'

# ---- errors, lists
expect 'a bad body is refused' signed 400 "$id:$secret" $C '{"messages":[]}'
expect 'as the API does' named ValidationException 'messages'
expect 'an unknown model is not found' status 404 "$bearer" POST '/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Feu.nix-v1%3A0/converse' "$say"
expect 'by its name' named ResourceNotFoundException 'eu.nix-v1:0'
expect 'models are listed' signed 200 "$id:$secret" /foundation-models ''
expect 'in the shape of the control plane' body '{m["modelId"] for m in j["modelSummaries"]} == {"toy", "toy-embed"}'
expect 'a guardrail that is not there is told' signed 404 "$id:$secret" /guardrail/g1/version/1/apply '{}'
expect 'by name, and by theirs' named ResourceNotFoundException '"g1"'

# ---- a limit
limited=$(hoheit key add --name limited --clearance VS-NfD --aws --quiet)
lid=$(echo "$limited" | sed -n 's/^AWS_ACCESS_KEY_ID=//p') lsecret=$(echo "$limited" | sed -n 's/^AWS_SECRET_ACCESS_KEY=//p')
hoheit limit set key:limited requests/day 0 --quiet
expect 'who has used up a limit is throttled' signed 429 "$lid:$lsecret" $C
expect 'by the name that makes clients wait' named ThrottlingException 'requests'

# ---- after a restart
daemon_stop
daemon_start
expect 'pairs are there after a start' signed 200 "$id:$secret" $C

# ---- botocore, where it is: what it signs of any shape is accepted
if python3 -c 'import botocore' 2>/dev/null; then
    botocore()
    {
        URL=$url ID=$id SECRET=$secret python3 - <<'END'
import http.client, json, os, random, urllib.parse
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
rnd, url = random.Random(11), os.environ['URL']
host = url.split('//')[1]
auth = SigV4Auth(Credentials(os.environ['ID'], os.environ['SECRET']), 'bedrock', 'eu-central-1')
conn = http.client.HTTPConnection(host)
text = lambda n: ''.join(rnd.choice("abcXYZ019-._~ :/%+=&@!$'()*,;äß€😀") for _ in range(rnd.randrange(1, n)))
for i in range(300):
    path = '/model/' + urllib.parse.quote(text(20), safe='') + '/converse'
    query = '&'.join(urllib.parse.quote(text(8), safe='-_.~') + '=' + urllib.parse.quote(text(8), safe='-_.~') for _ in range(rnd.randrange(4)))
    target = path + ('?' + query if query else '')
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": text(30)}]}]}, ensure_ascii=False).encode()
    r = AWSRequest('POST', url + target, data=body, headers={'host': host, 'content-type': 'application/json', 'x-amz-meta': '  a   b '})
    auth.add_auth(r)
    send, want = body, {200, 404, 400}
    if i % 3 == 1:
        send, want = body + b' ', {403}
    if i % 3 == 2:
        target, want = target + ('&' if query else '?') + 'more=1', {403}
    conn.request('POST', target, send, dict(r.headers))
    a = conn.getresponse()
    said = a.read()
    assert a.status in want, (i, target, a.status, said)
END
    }
    expect 'what botocore signs is accepted, and what was altered is not' botocore
else
    result ok 'what botocore signs is accepted, and what was altered is not # SKIP no botocore'
fi
done_testing
