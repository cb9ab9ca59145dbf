package sandbox

import (
	"maps"
	"slices"
)

// Merge makes several records of one object, such as a contact entered twice,
// into one: the others go to the recycle bin with MasterRecordId set, and what
// pointed to them points to the one that stays. Only Account and Contact can
// be merged. On error nothing is changed.
func (p Person) Merge(object, stays string, others ...string) error {
	return p.write(object, func(s *store, e *entity, by stamp) *Error {
		if e.field("MasterRecordId") == nil || len(others) == 0 || len(others) > 2 {
			return refuse("INVALID_OPERATION", "a merge takes one or two other records of an Account or a Contact")
		}
		for i, id := range others {
			others[i], _ = parseID(id)
		}
		stays, _ = parseID(stays)
		for _, id := range append(slices.Clone(others), stays) {
			if _, err := s.live(e, id); err != nil {
				return err
			}
		}
		if slices.Contains(others, stays) {
			return refuse("INVALID_OPERATION", "a record cannot be merged with itself")
		}
		s.repoint(others, stays, by)
		for _, id := range others {
			s.change(e, id, row{"IsDeleted": true, "MasterRecordId": stays}, by)
		}
		return nil
	})
}

// Archive does to an event what Salesforce does to old ones: only queryAll
// sees it from then on. It does not count as a change of the record.
func (p Person) Archive(id string) error {
	return p.write("Event", func(s *store, e *entity, by stamp) *Error {
		old, err := s.live(e, id)
		if err == nil {
			r := maps.Clone(old)
			r["IsArchived"] = true
			s.tables[e].rows[r["Id"].(string)] = r
		}
		return err
	})
}

// repoint leads every reference to one of the old ids to the new one.
func (s *store) repoint(old []string, id string, by stamp) {
	for _, e := range s.schema.entities {
		for _, rowID := range s.tables[e].ids {
			r, set := s.tables[e].rows[rowID], row{}
			for _, f := range e.Fields {
				if to, ok := r[f.Name].(string); ok && f.Type == Reference && slices.Contains(old, to) {
					set[f.Name] = id
				}
			}
			if len(set) > 0 && r["IsDeleted"] == false {
				s.change(e, rowID, set, by)
			}
		}
	}
}
