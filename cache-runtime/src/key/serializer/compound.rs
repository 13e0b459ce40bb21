//! Serializes the elements of values that hold others.

use serde::{Serialize, ser};

use super::Canonical;
use crate::key::{
    KeyError,
    compound::{Fields, List, Map},
};

/// Sequences and the three kinds of tuples.
macro_rules! lists {
    ($($kind:ident::$method:ident),* $(,)?) => {$(
        impl ser::$kind for List<'_> {
            type Ok = ();
            type Error = KeyError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
                value.serialize(Canonical { out: self.next() })
            }

            fn end(self) -> Result<(), KeyError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

lists! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! fields {
    ($($kind:ident),*) => {$(
        impl ser::$kind for Fields<'_> {
            type Ok = ();
            type Error = KeyError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), KeyError> {
                value.serialize(Canonical { out: self.field(name) })
            }

            fn end(self) -> Result<(), KeyError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = KeyError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), KeyError> {
        self.key(|out| key.serialize(Canonical { out }))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        value.serialize(Canonical { out: self.value()? })
    }

    fn end(self) -> Result<(), KeyError> {
        self.close()
    }
}
