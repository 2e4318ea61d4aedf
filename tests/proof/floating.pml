/* SPDX-License-Identifier: EUPL-1.2 */
/* floating.pml - two subjects, three objects, a floating mark each, and the *-property.
 *
 * A label is a set of two compartments, as a number below 4: join is |, "s covers o"
 * is (o & ~s) == 0.  Beside the labels the model carries what is true and the monitor cannot see:
 * `holds`, whose secrets really are in an object or a head.  The monitor decides by labels alone;
 * the claim is that no object ever holds a secret its label does not cover, and no head one its
 * clearance does not cover.
 *
 *   read      clearance covers the object  →  the mark rises by the object's label
 *   write     the object covers the mark   →  what the subject knows is in the object
 *   end       a new session begins at the bottom, knowing nothing
 *   raise     an object's label may rise; never fall
 *
 * -DNO_WRITE_CHECK and -DNO_FLOAT are the mutants: SPIN has to find the leak in each. */
#define SUBJECTS 2
#define OBJECTS 3
#define COVERS(s, o) (((o) & ~(s)) == 0)

byte clearance[SUBJECTS];
byte mark[SUBJECTS];
byte knows[SUBJECTS];
byte object[OBJECTS];
byte holds[OBJECTS];

inline check()
{
    for (k : 0 .. OBJECTS - 1) {
        assert(COVERS(object[k], holds[k]))
    }
    for (k : 0 .. SUBJECTS - 1) {
        assert(COVERS(clearance[k], knows[k]));
        assert(COVERS(clearance[k], mark[k]))
    }
}

inline use(s, o)
{
    if
    :: COVERS(clearance[s], object[o]) ->
        knows[s] = knows[s] | holds[o];
#ifndef NO_FLOAT
        mark[s] = mark[s] | object[o]
#endif
    :: true ->
#ifndef NO_WRITE_CHECK
        if
        :: COVERS(object[o], mark[s]) -> holds[o] = holds[o] | knows[s]
        :: else -> skip
        fi
#else
        holds[o] = holds[o] | knows[s]
#endif
    :: true ->
        mark[s] = 0;
        knows[s] = 0
    :: true ->
        object[o] = object[o] | mark[s]
    fi
}

init
{
    byte s, o, k, l;
    /* Any clearances, any labels; each object holds a secret of exactly its label. */
    for (k : 0 .. SUBJECTS - 1) {
        select(l : 0 .. 3);
        clearance[k] = l
    }
    for (k : 0 .. OBJECTS - 1) {
        select(l : 0 .. 3);
        object[k] = l;
        holds[k] = l
    }
    do
    :: atomic {
        select(s : 0 .. 1);
        select(o : 0 .. 2);
        use(s, o);
        check();
        l = 0;
        k = 0
    }
    od
}
