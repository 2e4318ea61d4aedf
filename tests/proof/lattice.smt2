; SPDX-License-Identifier: EUPL-1.2
; The laws of the lattice over all 256 bits, as src/policy/label.h computes them on four words of 64.
; Each law is asserted negated: unsat means that no counterexample exists.
(set-logic QF_BV)
(define-sort Word () (_ BitVec 64))
(declare-const a0 Word) (declare-const a1 Word) (declare-const a2 Word) (declare-const a3 Word)
(declare-const b0 Word) (declare-const b1 Word) (declare-const b2 Word) (declare-const b3 Word)
(declare-const c0 Word) (declare-const c1 Word) (declare-const c2 Word) (declare-const c3 Word)
(define-sort Label () (_ BitVec 256))
(define-fun label ((w0 Word) (w1 Word) (w2 Word) (w3 Word)) Label (concat w3 w2 w1 w0))
(define-fun a () Label (label a0 a1 a2 a3))
(define-fun b () Label (label b0 b1 b2 b3))
(define-fun c () Label (label c0 c1 c2 c3))
(define-fun join ((x Label) (y Label)) Label (bvor x y))
(define-fun meet ((x Label) (y Label)) Label (bvand x y))
; label_dominates: no bit of o outside s
(define-fun dominates ((s Label) (o Label)) Bool (= (bvand o (bvnot s)) (_ bv0 256)))
; the same, word by word, as the program does it
(define-fun dominates4 () Bool
  (= (bvor (bvand b0 (bvnot a0)) (bvand b1 (bvnot a1)) (bvand b2 (bvnot a2)) (bvand b3 (bvnot a3)))
     (_ bv0 64)))
(define-fun join4 () Label (label (bvor a0 b0) (bvor a1 b1) (bvor a2 b2) (bvor a3 b3)))
; a thermometer of level bits: 0, 1, 3, 7 ... 255
(define-fun thermometer ((l Label)) Bool
  (= (bvand ((_ extract 7 0) l) (bvadd ((_ extract 7 0) l) #x01)) #x00))

(push) (echo "dominance word by word is dominance") (assert (distinct dominates4 (dominates a b))) (check-sat) (pop)
(push) (echo "join word by word is join") (assert (distinct join4 (join a b))) (check-sat) (pop)
(push) (echo "dominance is reflexive") (assert (not (dominates a a))) (check-sat) (pop)
(push) (echo "dominance is antisymmetric") (assert (and (dominates a b) (dominates b a) (distinct a b))) (check-sat) (pop)
(push) (echo "dominance is transitive") (assert (and (dominates a b) (dominates b c) (not (dominates a c)))) (check-sat) (pop)
(push) (echo "join covers both") (assert (not (and (dominates (join a b) a) (dominates (join a b) b)))) (check-sat) (pop)
(push) (echo "join is the least that covers both") (assert (and (dominates c a) (dominates c b) (not (dominates c (join a b))))) (check-sat) (pop)
(push) (echo "both cover meet") (assert (not (and (dominates a (meet a b)) (dominates b (meet a b))))) (check-sat) (pop)
(push) (echo "meet is the greatest both cover") (assert (and (dominates a c) (dominates b c) (not (dominates (meet a b) c)))) (check-sat) (pop)
(push) (echo "join is associative") (assert (distinct (join a (join b c)) (join (join a b) c))) (check-sat) (pop)
(push) (echo "join distributes over meet") (assert (distinct (join a (meet b c)) (meet (join a b) (join a c)))) (check-sat) (pop)
(push) (echo "the join of two levels is a level") (assert (and (thermometer a) (thermometer b) (not (thermometer (join a b))))) (check-sat) (pop)
(push) (echo "who covers a join covers each part, and the other way round")
(assert (distinct (dominates c (join a b)) (and (dominates c a) (dominates c b)))) (check-sat) (pop)
; A law that does not hold: it must be sat, else nothing above proved anything.
(push) (echo "FALSE any two labels are comparable") (assert (not (or (dominates a b) (dominates b a)))) (check-sat) (pop)
